package org.s2d.device.cuda.lib;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A library file.
 *
 * @param version as its file name or the Python package it came with say, null when neither does
 * @param origin how it was found
 */
public record FoundLibrary(
        CudaLibrary library, Path path, @Nullable String version, Origin origin) {
    /** Ways by which libraries come to a machine, in the order in which they are tried. */
    public enum Origin {
        LD_LIBRARY_PATH("LD_LIBRARY_PATH"),
        LOADER("system"),
        TOOLKIT("CUDA toolkit"),
        PYTHON("Python package");

        private final String text;

        Origin(String text) {
            this.text = text;
        }

        public String text() {
            return text;
        }
    }
}

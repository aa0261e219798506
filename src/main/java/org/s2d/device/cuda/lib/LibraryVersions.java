package org.s2d.device.cuda.lib;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.s2d.device.natives.Machine;

/** The version of a library file, without loading it. */
final class LibraryVersions {
    private static final Pattern FULL = Pattern.compile(".*\\.so\\.(\\d+\\.\\d+(\\.\\d+)*)");
    private static final Pattern WHEEL = Pattern.compile("[^-]+-(\\d+(\\.\\d+)*).*\\.dist-info");

    private LibraryVersions() {}

    /** From the name of the file behind the links ({@code libcublas.so.12.6.4.1}), else from the wheel that brought it. */
    static @Nullable String of(Path file, CudaLibrary library) {
        try {
            Matcher name = FULL.matcher(Machine.fileName(file.toRealPath()));
            if (name.matches()) {
                return name.group(1);
            }
        } catch (IOException e) {
            return null; // went away meanwhile
        }
        return library.wheel().isEmpty() ? null : ofWheel(file, library.wheel());
    }

    /** Wheels name their files by soname only; the package's record of files tells which version brought one. */
    private static @Nullable String ofWheel(Path file, String wheel) {
        for (Path folder = file.getParent(); folder != null; folder = folder.getParent()) {
            String parent = Machine.fileName(folder);
            if (parent.equals("site-packages") || parent.equals("dist-packages")) {
                List<Path> packages = Machine.list(folder, wheel + "*.dist-info");
                String entry = folder.relativize(file).toString() + ",";
                return packages.stream()
                        .filter(info -> records(info.resolve("RECORD"), entry))
                        .map(info -> WHEEL.matcher(Machine.fileName(info)))
                        .filter(Matcher::matches)
                        .map(match -> match.group(1))
                        .findFirst()
                        .orElse(null);
            }
        }
        return null;
    }

    private static boolean records(Path record, String entry) {
        try (Stream<String> lines = Files.lines(record)) {
            return lines.anyMatch(line -> line.startsWith(entry));
        } catch (IOException e) {
            return false; // no readable record, no claim
        }
    }
}

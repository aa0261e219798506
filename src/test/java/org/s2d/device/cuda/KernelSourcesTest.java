package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelSourcesTest {
    @Test
    void aUnitHasEachFileOnceWithItsLines(@TempDir Path folder) throws IOException {
        Files.createDirectory(folder.resolve("common"));
        Files.writeString(folder.resolve("small.cu"), """
            // Small.
            #include "common/a.cuh"
            #include "common/b.cuh"
            int small;
            """);
        Files.writeString(folder.resolve("common/a.cuh"), "#pragma once\n#include \"common/b.cuh\"\nint a;\n");
        Files.writeString(folder.resolve("common/b.cuh"), "#pragma once\nint b;\n");
        assertThat(new KernelSources(List.of(folder)).unit("small")).isEqualTo("""
            #line 1 "/kernels/small.cu"
            // Small.
            #line 1 "/kernels/common/a.cuh"

            #line 1 "/kernels/common/b.cuh"

            int b;

            #line 3 "/kernels/common/a.cuh"
            int a;

            #line 3 "/kernels/small.cu"

            int small;

            """);
    }

    /** Run-time compilation has no other headers than ours. */
    @Test
    void kernelsIncludeNothingOfTheToolkit() {
        KernelSources sources = KernelSources.ofCheckout();
        for (String file : sources.files()) {
            assertThat(sources.unit(file)).as(file).doesNotContainPattern("#\\s*include");
        }
    }
}

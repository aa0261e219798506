package org.s2d.device.cuda.lib;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.device.cuda.lib.DriverLibrary.Gpu;
import org.s2d.device.cuda.lib.DriverLibrary.Report;
import org.s2d.device.natives.StandIn;

class DriverLibraryTest {
    @TempDir
    Path folder;

    private Report report(int gpus) throws IOException, InterruptedException {
        return DriverLibrary.report(
                StandIn.build(folder, "libcuda.so.1", "driver_standin.c", "-DSTANDIN_GPUS=" + gpus));
    }

    @Test
    void gpusAreListed() throws IOException, InterruptedException {
        assertThat(report(2))
                .isEqualTo(new Report(
                        "12.4",
                        List.of(
                                new Gpu("Stand-in A", "9.0", 132, 8L << 30),
                                new Gpu("Stand-in B", "9.0", 131, (8L << 30) + 1)),
                        null));
    }

    @Test
    void aDriverWithoutGpusSaysSo() throws IOException, InterruptedException {
        assertThat(report(0)).isEqualTo(new Report("12.4", List.of(), "it has no GPU"));
    }

    @Test
    void aDriverThatDoesNotStartGivesItsOwnReason() throws IOException, InterruptedException {
        assertThat(report(-1))
                .isEqualTo(new Report("12.4", List.of(), "cuInit: no CUDA-capable device is detected (error 100)"));
    }

    @Test
    void aFileThatIsNoDriverIsReported() throws IOException {
        Path file = StandIn.header(folder.resolve("libcuda.so.1"));
        assertThat(DriverLibrary.report(file).problem()).contains(file.toString());
    }
}

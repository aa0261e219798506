package org.s2d.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.s2d.SharedData;
import org.s2d.autograd.Precision;
import org.s2d.device.Device;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.tensor.HostPool;

class TrainingCasesTest {
    private static void verify(CaseVerifier verifier, String name) {
        Path path = SharedData.require("reference/" + name);
        try (Device device = new ReferenceDevice(new HostPool());
                CaseFolder folder = CaseFolder.open(path)) {
            Report report = new Report(null);
            assertThat(verifier.accepts(folder)).isTrue();
            verifier.verify(folder, new CaseVerifier.Target(device, Precision.FP32), report);
            List<Report.Row> rows = report.rows();
            assertThat(rows).isNotEmpty();
            assertThat(rows).allMatch(Report.Row::passed);
        }
    }

    @Test
    void selfDistillationAloneMatches() {
        verify(new SdlVerifier(), "sdl");
    }

    @Test
    void optimiserPartsMatch() {
        verify(new OptimVerifier(), "optim");
    }
}

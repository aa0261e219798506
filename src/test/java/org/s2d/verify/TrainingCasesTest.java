package org.s2d.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.s2d.SharedData;
import org.s2d.autograd.Precision;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.tensor.HostPool;

class TrainingCasesTest {
    private static void verify(CaseVerifier verifier, String name) {
        Path path = SharedData.require("reference/" + name);
        try (Device device = new ReferenceDevice(new HostPool());
                CaseFolder folder = CaseFolder.open(path)) {
            Report report = new Report(null, null);
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

    @Test
    void firstStepsOfARunAreComparedAlone() {
        Path path = SharedData.require("reference/s2d_train_trajectory");
        List<String> told = new ArrayList<>();
        try (Device device = new CpuDevice(new HostPool(), 2);
                CaseFolder folder = CaseFolder.open(path)) {
            CaseVerifier.Target target = new CaseVerifier.Target(
                    device, Precision.FP32, 3, run -> (done, total) -> told.add(run + " " + done + "/" + total));
            List<Report.Row> rows = new Verification(target).run(folder).rows();
            assertThat(rows).allMatch(Report.Row::passed);
            assertThat(rows)
                    .extracting(Report.Row::name)
                    .contains("plain/loss[:3]", "plain/after_step2.ln_post.bias", "sdl/grad_norm[:3]")
                    .doesNotContain("plain/after_step10.ln_post.bias", "plain/final_logits");
            assertThat(told).endsWith("s2d_train_trajectory sdl 3/3").hasSize(6);
        }
    }
}

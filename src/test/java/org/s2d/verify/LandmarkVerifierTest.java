package org.s2d.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.s2d.SharedData;
import org.s2d.autograd.Precision;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.tensor.HostPool;

class LandmarkVerifierTest {
    private static List<Report.Row> rows(String name) {
        Path path = SharedData.require("reference/" + name);
        try (CaseFolder opened = CaseFolder.open(path);
                CpuDevice device = new CpuDevice(new HostPool(), 2)) {
            return new Verification(new CaseVerifier.Target(device, Precision.FP32))
                    .run(opened)
                    .rows();
        }
    }

    @Test
    void mobileFaceNetCasePasses() {
        List<Report.Row> rows = rows("mobilefacenet_landmark");
        assertThat(rows).allMatch(Report.Row::passed);
        assertThat(rows)
                .extracting(Report.Row::name)
                .contains(
                        "feat",
                        "landmarks",
                        "acts.conv_23",
                        "acts.output_layer.linear",
                        "wrapper.resized112",
                        "wrapper.feat",
                        "mobilefacenet_model_best.pth.tar");
    }

    @Test
    void pfldCasePasses() {
        assertThat(rows("pfld_landmark")).hasSize(2).allMatch(Report.Row::passed);
    }

    @Test
    void mobileNetGdConvCasePasses() {
        assertThat(rows("mobilenet_gdconv_landmark")).hasSize(5).allMatch(Report.Row::passed);
    }
}

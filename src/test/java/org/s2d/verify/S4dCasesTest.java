package org.s2d.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.s2d.SharedData;
import org.s2d.autograd.Precision;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.device.cuda.EmulatorDriver;
import org.s2d.device.cuda.Emulators;
import org.s2d.tensor.HostPool;

class S4dCasesTest {
    private static void verify(Device device, Path path) {
        try (device;
                CaseFolder folder = CaseFolder.open(path)) {
            List<Report.Row> rows = new Verification(new CaseVerifier.Target(device, Precision.FP32))
                    .run(folder)
                    .rows();
            assertThat(rows).hasSizeGreaterThan(50).allMatch(Report.Row::passed);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"s4d_small", "s4d_small_pretrain"})
    void aPlainPyTorchWritingAgrees(String name) {
        Path path = Path.of("weights", "reference", name);
        verify(new CpuDevice(new HostPool(), 2), path);
        verify(new ReferenceDevice(new HostPool()), path);
    }

    @ParameterizedTest
    @ValueSource(strings = {"s4d_small", "s4d_small_pretrain"})
    void theKernelsAgreeWithAPlainPyTorchWriting(String name) {
        Emulators.assumeCompiler();
        verify(Emulators.device(EmulatorDriver.Execution.IMMEDIATE), Path.of("weights", "reference", name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"s4d_tiny", "s4d_pretrain_tiny"})
    void theAuthorsCodeAgrees(String name) {
        verify(new CpuDevice(new HostPool(), 2), SharedData.require("reference/" + name));
    }
}

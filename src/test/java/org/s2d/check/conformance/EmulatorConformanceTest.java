package org.s2d.check.conformance;

import static org.s2d.check.conformance.ConformanceTest.tests;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.s2d.autograd.Precision;
import org.s2d.check.conformance.Conformance.Samples;
import org.s2d.device.Device;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.device.cuda.CudaDevice;
import org.s2d.device.cuda.EmulatorDriver;
import org.s2d.device.cuda.Emulators;
import org.s2d.tensor.HostPool;

/** The catalogue on the CUDA device over the emulator: every launch is checked while values and gradients are compared. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EmulatorConformanceTest {
    private final Device reference = new ReferenceDevice(new HostPool(HostPool.Fill.POISON));
    private final Comparison comparison = new Comparison(reference);
    private CudaDevice emulator;
    /** Runs what is enqueued only when the host waits, so that a missing wait shows. */
    private CudaDevice deferred;

    private Conformance atOnce;
    private Conformance late;

    @BeforeAll
    void openDevices() {
        Emulators.assumeCompiler();
        emulator = Emulators.device(EmulatorDriver.Execution.IMMEDIATE);
        deferred = Emulators.device(EmulatorDriver.Execution.DEFERRED);
        atOnce = new Conformance(comparison, emulator);
        late = new Conformance(comparison, deferred);
    }

    @AfterAll
    void closeDevices() {
        reference.close();
        if (emulator != null) {
            emulator.close();
            deferred.close();
        }
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsInF32AreThoseOfTheReference() {
        return tests(atOnce.values(Precision.FP32, Layout.CONTIGUOUS, Samples.ALL));
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsInBf16AreThoseOfTheReference() {
        return tests(atOnce.values(Precision.BF16, Layout.CONTIGUOUS, Samples.ALL));
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsInF16AreThoseOfTheReference() {
        return tests(atOnce.values(Precision.FP16, Layout.CONTIGUOUS, Samples.SMALL));
    }

    @TestFactory
    Stream<DynamicTest> operandsMayLieInReverseOrder() {
        return tests(late.values(Precision.FP32, Layout.REVERSED, Samples.SMALL));
    }

    @TestFactory
    Stream<DynamicTest> operandsMayHaveGaps() {
        return tests(atOnce.values(Precision.FP32, Layout.PADDED, Samples.SMALL));
    }

    @TestFactory
    Stream<DynamicTest> bf16OperandsMayHaveGaps() {
        return tests(late.values(Precision.BF16, Layout.PADDED, Samples.SMALL));
    }

    /** Attention's kernels at the sizes they were made for. */
    @TestFactory
    Stream<DynamicTest> attentionAtTheSizesOfItsKernelsIsThatOfTheReference() {
        return tests(atOnce.kernelSizes());
    }

    @TestFactory
    Stream<DynamicTest> nonFiniteValuesSpreadAsInTheReference() {
        return tests(atOnce.nonFinite());
    }

    @TestFactory
    Stream<DynamicTest> operandsThatDoNotFitAreRefused() {
        return tests(atOnce.refusals());
    }
}

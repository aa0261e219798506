package org.s2d.autograd.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.s2d.autograd.Precision;
import org.s2d.autograd.conformance.OpEntry.Exemption;
import org.s2d.autograd.conformance.OpEntry.Sample;
import org.s2d.device.Device;
import org.s2d.device.DeviceException;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.device.cuda.CudaDevice;
import org.s2d.device.cuda.EmulatorBuild;
import org.s2d.device.cuda.EmulatorDriver;
import org.s2d.device.cuda.KernelSources;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.ShapeException;

/** The catalogue on the CUDA device over the emulator: every launch is checked while values and gradients are compared. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EmulatorConformanceTest {
    /** Entries whose kernels are not written yet; a test fails when one of them works, so that none stays by mistake. */
    private static final Set<String> PENDING = Set.of();

    private final Device reference = new ReferenceDevice(new HostPool(HostPool.Fill.POISON));
    private final Device emulator = CudaDevice.emulator(
            new EmulatorBuild(
                    KernelSources.ofCheckout(), Path.of("target", "emulator"), EmulatorBuild.Checks.NORMAL),
            EmulatorDriver.Execution.IMMEDIATE);
    private final Comparison comparison = new Comparison(reference);

    @AfterAll
    void closeDevices() {
        reference.close();
        emulator.close();
    }

    @Test
    void pendingEntriesAreThoseWithoutKernels() {
        Set<String> pending = new TreeSet<>();
        for (OpEntry entry : Catalogue.entries()) {
            for (Sample sample : entry.samples()) {
                try {
                    Run.of(emulator, Run.Setup.of(entry, sample, Comparison.UPSTREAM), Comparison.draw(sample, DType.F32));
                } catch (DeviceException e) {
                    assertThat(e).hasMessageContaining("no kernels for");
                    pending.add(entry.name());
                }
            }
        }
        assertThat(pending).containsExactlyInAnyOrderElementsOf(PENDING);
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsInF32AreThoseOfTheReference() {
        return perSample((entry, sample) ->
                comparison.compare(entry, sample, emulator, Precision.FP32, Layout.CONTIGUOUS));
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsInBf16AreThoseOfTheReference() {
        return perNarrowSample((entry, sample) ->
                comparison.compare(entry, sample, emulator, Precision.BF16, Layout.CONTIGUOUS));
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsInF16AreThoseOfTheReference() {
        return perNarrowSample((entry, sample) ->
                comparison.compare(entry, sample, emulator, Precision.FP16, Layout.CONTIGUOUS));
    }

    @TestFactory
    Stream<DynamicTest> operandsMayLieInReverseOrder() {
        return perSample((entry, sample) ->
                comparison.compare(entry, sample, emulator, Precision.FP32, Layout.REVERSED));
    }

    @TestFactory
    Stream<DynamicTest> operandsMayHaveGaps() {
        return perSample((entry, sample) ->
                comparison.compare(entry, sample, emulator, Precision.FP32, Layout.PADDED));
    }

    @TestFactory
    Stream<DynamicTest> bf16OperandsMayHaveGaps() {
        return perNarrowSample((entry, sample) ->
                comparison.compare(entry, sample, emulator, Precision.BF16, Layout.PADDED));
    }

    @TestFactory
    Stream<DynamicTest> nonFiniteValuesSpreadAsInTheReference() {
        return ready()
                .filter(entry -> !entry.is(Exemption.FINITE_ONLY))
                .flatMap(entry -> entry.samples().stream()
                        .map(sample -> test(entry, sample, () -> comparison.checkNonFinite(entry, sample, emulator))));
    }

    @TestFactory
    Stream<DynamicTest> operandsThatDoNotFitAreRefused() {
        List<DynamicTest> tests = new ArrayList<>();
        ready().forEach(entry -> entry.errors().forEach(error -> {
            Sample sample = new Sample(error.inputs());
            Run.Setup setup = Run.Setup.of(entry, sample, Comparison.UPSTREAM);
            tests.add(test(
                    entry,
                    sample,
                    () -> assertThatThrownBy(() -> Run.of(emulator, setup, Comparison.draw(sample, DType.F32)))
                            .isInstanceOf(ShapeException.class)
                            .hasMessageContaining(error.message())));
        }));
        return tests.stream();
    }

    @FunctionalInterface
    private interface SampleCheck {
        void check(OpEntry entry, Sample sample);
    }

    private static Stream<OpEntry> ready() {
        return Catalogue.entries().stream().filter(entry -> !PENDING.contains(entry.name()));
    }

    private static Stream<DynamicTest> perSample(SampleCheck check) {
        return ready().flatMap(entry ->
                entry.allSamples().map(sample -> test(entry, sample, () -> check.check(entry, sample))));
    }

    private static Stream<DynamicTest> perNarrowSample(SampleCheck check) {
        return ready()
                .filter(entry -> !entry.is(Exemption.NO_BF16))
                .flatMap(entry ->
                        entry.allSamples().map(sample -> test(entry, sample, () -> check.check(entry, sample))));
    }

    private static DynamicTest test(OpEntry entry, Sample sample, Runnable body) {
        return DynamicTest.dynamicTest(entry.name() + " " + sample, body::run);
    }
}

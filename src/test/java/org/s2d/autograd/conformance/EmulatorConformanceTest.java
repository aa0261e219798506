package org.s2d.autograd.conformance;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.s2d.autograd.Precision;
import org.s2d.autograd.conformance.OpEntry.Exemption;
import org.s2d.autograd.conformance.OpEntry.Sample;
import org.s2d.device.Device;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.device.cuda.EmulatorDriver;
import org.s2d.device.cuda.Emulators;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.ShapeException;

/** The catalogue on the CUDA device over the emulator: every launch is checked while values and gradients are compared. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EmulatorConformanceTest {
    private final Device reference = new ReferenceDevice(new HostPool(HostPool.Fill.POISON));
    private final Comparison comparison = new Comparison(reference);
    private Device emulator;
    /** Runs what is enqueued only when the host waits, so that a missing wait shows. */
    private Device deferred;

    @BeforeAll
    void openDevices() {
        Emulators.assumeCompiler();
        emulator = Emulators.device(EmulatorDriver.Execution.IMMEDIATE);
        deferred = Emulators.device(EmulatorDriver.Execution.DEFERRED);
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
        return perSample(
                (entry, sample) -> comparison.compare(entry, sample, emulator, Precision.FP32, Layout.CONTIGUOUS));
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsInBf16AreThoseOfTheReference() {
        return perNarrowSample(
                (entry, sample) -> comparison.compare(entry, sample, emulator, Precision.BF16, Layout.CONTIGUOUS));
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsInF16AreThoseOfTheReference() {
        return perSmallNarrowSample(
                (entry, sample) -> comparison.compare(entry, sample, emulator, Precision.FP16, Layout.CONTIGUOUS));
    }

    @TestFactory
    Stream<DynamicTest> operandsMayLieInReverseOrder() {
        return perSmallSample(
                (entry, sample) -> comparison.compare(entry, sample, deferred, Precision.FP32, Layout.REVERSED));
    }

    @TestFactory
    Stream<DynamicTest> operandsMayHaveGaps() {
        return perSmallSample(
                (entry, sample) -> comparison.compare(entry, sample, emulator, Precision.FP32, Layout.PADDED));
    }

    @TestFactory
    Stream<DynamicTest> bf16OperandsMayHaveGaps() {
        return perSmallNarrowSample(
                (entry, sample) -> comparison.compare(entry, sample, deferred, Precision.BF16, Layout.PADDED));
    }

    @TestFactory
    Stream<DynamicTest> nonFiniteValuesSpreadAsInTheReference() {
        return Catalogue.entries().stream()
                .filter(entry -> !entry.is(Exemption.FINITE_ONLY))
                .flatMap(entry -> entry.samples().stream()
                        .map(sample -> test(entry, sample, () -> comparison.checkNonFinite(entry, sample, emulator))));
    }

    @TestFactory
    Stream<DynamicTest> operandsThatDoNotFitAreRefused() {
        List<DynamicTest> tests = new ArrayList<>();
        Catalogue.entries()
                .forEach(entry -> entry.errors().forEach(error -> {
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

    private Stream<DynamicTest> perSample(SampleCheck check) {
        return tests(OpEntry::allSamples, entry -> true, check);
    }

    private Stream<DynamicTest> perSmallSample(SampleCheck check) {
        return tests(entry -> entry.samples().stream(), entry -> true, check);
    }

    private Stream<DynamicTest> perNarrowSample(SampleCheck check) {
        return tests(OpEntry::allSamples, entry -> !entry.is(Exemption.NO_BF16), check);
    }

    private Stream<DynamicTest> perSmallNarrowSample(SampleCheck check) {
        return tests(entry -> entry.samples().stream(), entry -> !entry.is(Exemption.NO_BF16), check);
    }

    private Stream<DynamicTest> tests(
            Function<OpEntry, Stream<Sample>> samples, Predicate<OpEntry> wanted, SampleCheck check) {
        return Catalogue.entries().stream()
                .filter(wanted)
                .flatMap(entry ->
                        samples.apply(entry).map(sample -> test(entry, sample, () -> check.check(entry, sample))));
    }

    private static DynamicTest test(OpEntry entry, Sample sample, Runnable body) {
        return DynamicTest.dynamicTest(entry.name() + " " + sample, body::run);
    }
}

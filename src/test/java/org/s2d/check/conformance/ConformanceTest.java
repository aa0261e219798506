package org.s2d.check.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.s2d.autograd.Precision;
import org.s2d.check.conformance.Conformance.Check;
import org.s2d.check.conformance.Conformance.Samples;
import org.s2d.check.conformance.OpEntry.Exemption;
import org.s2d.check.conformance.OpEntry.Sample;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;

/** The catalogue on the CPU, and the reference against differences. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConformanceTest {
    private final Device reference = new ReferenceDevice(new HostPool(HostPool.Fill.POISON));
    private final Device cpu = new CpuDevice(new HostPool(HostPool.Fill.POISON), 1);
    private final Device threaded = new CpuDevice(new HostPool(HostPool.Fill.POISON), 3);

    private final Comparison comparison = new Comparison(reference);
    private final Conformance onOneThread = new Conformance(comparison, cpu);
    private final Conformance onManyThreads = new Conformance(comparison, threaded);

    @AfterAll
    void closeDevices() {
        reference.close();
        cpu.close();
        threaded.close();
    }

    @Test
    void namesOfEntriesAndChecksAreUnique() {
        assertThat(Catalogue.entries().stream().map(OpEntry::name)).doesNotHaveDuplicates();
        assertThat(onOneThread.all().stream().map(Check::name)).doesNotHaveDuplicates();
    }

    @TestFactory
    Stream<DynamicTest> entriesCoverEmptyAndTinyShapes() {
        return Catalogue.entries().stream()
                .map(entry -> DynamicTest.dynamicTest(entry.name(), () -> {
                    boolean empty = entry.samples().stream().anyMatch(sample -> smallest(sample) == 0);
                    assertThat(empty || entry.is(Exemption.NEVER_EMPTY))
                            .as("has a sample without elements")
                            .isTrue();
                    assertThat(entry.samples().stream().mapToLong(ConformanceTest::smallest))
                            .as("has a sample with hardly an element")
                            .anyMatch(elements -> elements > 0 && elements <= 6);
                }));
    }

    private static long smallest(Sample sample) {
        return sample.inputs().stream()
                .mapToLong(input -> input.shape().numel())
                .min()
                .orElse(0);
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsInF32AreThoseOfTheReference() {
        return tests(onOneThread.values(Precision.FP32, Layout.CONTIGUOUS, Samples.ALL));
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsOnManyThreadsAreThoseOfTheReference() {
        return tests(onManyThreads.values(Precision.FP32, Layout.CONTIGUOUS, Samples.ALL));
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsInBf16AreThoseOfTheReference() {
        return tests(onOneThread.values(Precision.BF16, Layout.CONTIGUOUS, Samples.ALL));
    }

    @TestFactory
    Stream<DynamicTest> operandsMayLieInReverseOrder() {
        return tests(onOneThread.values(Precision.FP32, Layout.REVERSED, Samples.ALL));
    }

    @TestFactory
    Stream<DynamicTest> operandsMayHaveGaps() {
        return tests(onOneThread.values(Precision.FP32, Layout.PADDED, Samples.ALL));
    }

    @TestFactory
    Stream<DynamicTest> bf16OperandsMayHaveGaps() {
        return tests(onOneThread.values(Precision.BF16, Layout.PADDED, Samples.ALL));
    }

    @TestFactory
    Stream<DynamicTest> frozenOperandsGetNoGradientAndChangeNoOther() {
        return tests(onOneThread.frozenOperands());
    }

    @TestFactory
    Stream<DynamicTest> nonFiniteValuesSpreadAsInTheReference() {
        return tests(onOneThread.nonFinite());
    }

    @TestFactory
    Stream<DynamicTest> repeatedRunsGiveEqualBits() {
        return tests(onManyThreads.repetitions());
    }

    @TestFactory
    Stream<DynamicTest> operandsThatDoNotFitAreRefused() {
        return tests(onOneThread.refusals());
    }

    @TestFactory
    Stream<DynamicTest> operandsThatDoNotFitAreRefusedByTheReference() {
        return tests(new Conformance(comparison, reference).refusals());
    }

    @TestFactory
    Stream<DynamicTest> gradientsOfTheReferenceAreDerivatives() {
        return Catalogue.entries().stream()
                .filter(entry -> !entry.is(Exemption.NO_DIFFERENCES))
                .flatMap(entry -> entry.samples().stream()
                        .map(sample -> DynamicTest.dynamicTest(
                                entry.name() + " " + sample, () -> checkDerivatives(entry, sample))));
    }

    private void checkDerivatives(OpEntry entry, Sample sample) {
        List<double[]> values = Comparison.draw(sample, DType.F64);
        Run.Setup setup = Run.Setup.of(entry, sample, Comparison.UPSTREAM);
        Run exact = Run.of(reference, setup, values);
        for (int operand = 0; operand < values.size(); operand++) {
            double[] gradient = exact.gradients().get(operand);
            double scale = 1 + Tolerance.norm(gradient);
            for (int element = 0; element < gradient.length; element++) {
                assertThat(gradient[element])
                        .as("gradient %d, element %d", operand, element)
                        .isCloseTo(Differences.at(reference, setup, values, operand, element), within(1e-8 * scale));
            }
        }
    }

    static Stream<DynamicTest> tests(Stream<Check> checks) {
        return checks.map(check ->
                DynamicTest.dynamicTest(check.name(), () -> check.body().run()));
    }
}

package org.s2d.autograd.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
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
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.ShapeException;

/** The tests that follow from the catalogue. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConformanceTest {
    private final Device reference = new ReferenceDevice(new HostPool(HostPool.Fill.POISON));
    private final Device cpu = new CpuDevice(new HostPool(HostPool.Fill.POISON), 1);
    private final Device threaded = new CpuDevice(new HostPool(HostPool.Fill.POISON), 3);

    private final Comparison comparison = new Comparison(reference);

    @BeforeAll
    void namesAreUnique() {
        assertThat(Catalogue.entries().stream().map(OpEntry::name)).doesNotHaveDuplicates();
    }

    @AfterAll
    void closeDevices() {
        reference.close();
        cpu.close();
        threaded.close();
    }

    @TestFactory
    Stream<DynamicTest> entriesCoverEmptyAndTinyShapes() {
        return perEntry(entry -> {
            boolean empty = entry.samples().stream().anyMatch(sample -> smallest(sample) == 0);
            assertThat(empty || entry.is(Exemption.NEVER_EMPTY))
                    .as("has a sample without elements")
                    .isTrue();
            assertThat(entry.samples().stream().mapToLong(ConformanceTest::smallest))
                    .as("has a sample with hardly an element")
                    .anyMatch(elements -> elements > 0 && elements <= 6);
        });
    }

    private static long smallest(Sample sample) {
        return sample.inputs().stream()
                .mapToLong(input -> input.shape().numel())
                .min()
                .orElse(0);
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsInF32AreThoseOfTheReference() {
        return perSample((entry, sample) -> comparison.compare(entry, sample, cpu, Precision.FP32, Layout.CONTIGUOUS));
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsOnManyThreadsAreThoseOfTheReference() {
        return perSample(
                (entry, sample) -> comparison.compare(entry, sample, threaded, Precision.FP32, Layout.CONTIGUOUS));
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsInBf16AreThoseOfTheReference() {
        return perSample((entry, sample) -> {
            if (!entry.is(Exemption.NO_BF16)) {
                comparison.compare(entry, sample, cpu, Precision.BF16, Layout.CONTIGUOUS);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> operandsMayLieInReverseOrder() {
        return perSample((entry, sample) -> comparison.compare(entry, sample, cpu, Precision.FP32, Layout.REVERSED));
    }

    @TestFactory
    Stream<DynamicTest> operandsMayHaveGaps() {
        return perSample((entry, sample) -> comparison.compare(entry, sample, cpu, Precision.FP32, Layout.PADDED));
    }

    @TestFactory
    Stream<DynamicTest> bf16OperandsMayHaveGaps() {
        return perSample((entry, sample) -> {
            if (!entry.is(Exemption.NO_BF16)) {
                comparison.compare(entry, sample, cpu, Precision.BF16, Layout.PADDED);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> gradientsOfTheReferenceAreDerivatives() {
        return perSmallSample((entry, sample) -> {
            if (!entry.is(Exemption.NO_DIFFERENCES)) {
                checkDerivatives(entry, sample);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> frozenOperandsGetNoGradientAndChangeNoOther() {
        return perSmallSample(this::checkFrozen);
    }

    @TestFactory
    Stream<DynamicTest> nonFiniteValuesSpreadAsInTheReference() {
        return perSmallSample((entry, sample) -> {
            if (!entry.is(Exemption.FINITE_ONLY)) {
                comparison.checkNonFinite(entry, sample, cpu);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> repeatedRunsGiveEqualBits() {
        return perSample((entry, sample) -> {
            Run.Setup setup = Run.Setup.of(entry, sample, Comparison.UPSTREAM);
            List<double[]> values = Comparison.draw(sample, DType.F32);
            List<double[]> first = Run.of(threaded, setup, values).everything();
            for (int i = 0; i < 3; i++) {
                List<double[]> again = Run.of(threaded, setup, values).everything();
                for (int j = 0; j < first.size(); j++) {
                    assertThat(again.get(j)).isEqualTo(first.get(j));
                }
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> operandsThatDoNotFitAreRefused() {
        List<DynamicTest> tests = new ArrayList<>();
        for (OpEntry entry : Catalogue.entries()) {
            for (OpEntry.ErrorCase error : entry.errors()) {
                for (Device device : List.of(reference, cpu)) {
                    Sample sample = new Sample(error.inputs());
                    Run.Setup setup = Run.Setup.of(entry, sample, Comparison.UPSTREAM);
                    tests.add(test(
                            entry.name() + " " + sample + " on " + device.name(),
                            () -> assertThatThrownBy(() -> Run.of(device, setup, Comparison.draw(sample, DType.F32)))
                                    .isInstanceOf(ShapeException.class)
                                    .hasMessageContaining(error.message())));
                }
            }
        }
        return tests.stream();
    }

    // What the tests do

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

    private void checkFrozen(OpEntry entry, Sample sample) {
        List<double[]> values = Comparison.draw(sample, DType.F32);
        Run.Setup setup = Run.Setup.of(entry, sample, Comparison.UPSTREAM);
        Run all = Run.of(cpu, setup, values);
        assertThat(Run.of(cpu, setup.withGradOf(i -> false), values).recorded())
                .as("operations recorded when nothing trains")
                .isZero();
        for (int only = 0; only < values.size(); only++) {
            int kept = only;
            Run one = Run.of(cpu, setup.withGradOf(i -> i == kept), values);
            for (int i = 0; i < values.size(); i++) {
                double[] expected = i == kept ? all.gradients().get(i) : new double[0];
                assertThat(one.gradients().get(i)).as("gradient %d", i).isEqualTo(expected);
            }
        }
    }

    // Plumbing

    @FunctionalInterface
    private interface SampleCheck {
        void check(OpEntry entry, Sample sample);
    }

    private static Stream<DynamicTest> perEntry(Consumer<OpEntry> check) {
        return Catalogue.entries().stream().map(entry -> test(entry.name(), () -> check.accept(entry)));
    }

    private static Stream<DynamicTest> perSample(SampleCheck check) {
        return perSample(check, true);
    }

    private static Stream<DynamicTest> perSmallSample(SampleCheck check) {
        return perSample(check, false);
    }

    private static Stream<DynamicTest> perSample(SampleCheck check, boolean large) {
        return Catalogue.entries().stream()
                .flatMap(entry -> (large ? entry.allSamples() : entry.samples().stream())
                        .map(sample -> test(entry.name() + " " + sample, () -> check.check(entry, sample))));
    }

    private static DynamicTest test(String name, Runnable body) {
        return DynamicTest.dynamicTest(name, body::run);
    }
}

package org.s2d.autograd.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.s2d.autograd.Precision;
import org.s2d.autograd.conformance.OpEntry.Sample;
import org.s2d.device.Device;
import org.s2d.tensor.DType;

/** Runs of catalogue entries on a device beside the same on the reference, whose results are kept. */
final class Comparison {
    static final Run.Upstream UPSTREAM =
            (output, size) -> new Random(77 + output).doubles(size, -1, 1).toArray();

    private final Device reference;
    private final Map<Question, Expected> known = new HashMap<>();

    Comparison(Device reference) {
        this.reference = reference;
    }

    /** What a sample should give, and how far off it may be. */
    private record Expected(List<double[]> values, Run exact, List<Double> limits) {}

    private record Question(String entry, Sample sample, Precision precision) {}

    private Expected expected(OpEntry entry, Sample sample, Precision precision) {
        return known.computeIfAbsent(new Question(entry.name(), sample, precision), question -> {
            DType type = computeType(precision);
            List<double[]> values = draw(sample, type);
            Run.Setup setup = Run.Setup.of(entry, sample, UPSTREAM).with(precision);
            Run exact = Run.of(reference, setup, values);
            return new Expected(values, exact, Tolerance.limits(reference, setup, values, exact, type));
        });
    }

    /** Throws unless outputs and gradients on a device are close enough to the reference's. */
    void compare(OpEntry entry, Sample sample, Device device, Precision precision, Layout layout) {
        Expected expected = expected(entry, sample, precision);
        Run.Setup setup = Run.Setup.of(entry, sample, UPSTREAM).with(precision).with(layout);
        List<double[]> actual = Run.of(device, setup, expected.values()).everything();
        List<double[]> exact = expected.exact().everything();
        for (int i = 0; i < exact.size(); i++) {
            assertThat(actual.get(i)).hasSameSizeAs(exact.get(i));
            double distance = Tolerance.distance(actual.get(i), exact.get(i));
            double limit = expected.limits().get(i);
            // Not isLessThan, which would let NaN pass as the greatest number.
            assertThat(distance <= limit)
                    .as("%s: error %.3g, limit %.3g", label(expected.exact(), i), distance, limit)
                    .isTrue();
        }
    }

    private static String label(Run run, int index) {
        int outputs = run.outputs().size();
        return index < outputs ? "output " + index : "gradient " + (index - outputs);
    }

    /** Throws unless NaN and infinities in the operands spread on a device as they do on the reference. */
    void checkNonFinite(OpEntry entry, Sample sample, Device device) {
        Run.Setup setup = Run.Setup.of(entry, sample, UPSTREAM);
        Random random = new Random(5);
        for (int operand = 0; operand < sample.inputs().size(); operand++) {
            for (double special : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
                List<double[]> values = draw(sample, DType.F32);
                if (values.get(operand).length == 0) {
                    continue;
                }
                values.get(operand)[random.nextInt(values.get(operand).length)] = special;
                List<double[]> exact = Run.of(reference, setup, values).everything();
                List<double[]> actual = Run.of(device, setup, values).everything();
                for (int i = 0; i < exact.size(); i++) {
                    assertThat(IntStream.range(0, exact.get(i).length).boxed())
                            .as("%s in operand %d, result %d", special, operand, i)
                            .allMatch(
                                    sameKind(actual.get(i), exact.get(i)),
                                    "as in the reference " + describe(exact.get(i)) + ", was "
                                            + describe(actual.get(i)));
                }
            }
        }
    }

    private static String describe(double[] values) {
        return values.length <= 40 ? Arrays.toString(values) : values.length + " values";
    }

    private static Predicate<Integer> sameKind(double[] actual, double[] exact) {
        return i -> Double.isFinite(exact[i]) ? Double.isFinite(actual[i]) : Double.compare(actual[i], exact[i]) == 0;
    }

    /** Operands of a sample, exact in the given type; parameters are exact in F32. */
    static List<double[]> draw(Sample sample, DType type) {
        Random random = new Random(3);
        List<double[]> values = new ArrayList<>();
        for (Input input : sample.inputs()) {
            double[] drawn = input.draw(random);
            DType exact = type == DType.F64 || input.kind() == Input.Kind.ACTIVATION ? type : DType.F32;
            for (int i = 0; i < drawn.length; i++) {
                drawn[i] = rounded(drawn[i], exact);
            }
            values.add(drawn);
        }
        return values;
    }

    private static double rounded(double value, DType type) {
        return switch (type) {
            case F64 -> value;
            case F32 -> (float) value;
            case BF16 -> DType.fromBf16(DType.toBf16((float) value));
            case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
            case I64 -> throw new IllegalArgumentException("no floating type");
        };
    }

    private static DType computeType(Precision precision) {
        return switch (precision) {
            case FP32 -> DType.F32;
            case BF16 -> DType.BF16;
            case FP16 -> DType.F16;
        };
    }
}

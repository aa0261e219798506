package org.s2d.check.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.s2d.autograd.Precision;
import org.s2d.check.conformance.OpEntry.Sample;
import org.s2d.device.Device;
import org.s2d.tensor.DType;

/** Runs of catalogue entries on a device beside the same on the reference, whose results are kept. */
public final class Comparison {
    static final Run.Upstream UPSTREAM =
            (output, size) -> new Random(77 + output).doubles(size, -1, 1).toArray();

    private final Device reference;
    private final Map<Question, Expected> known = new HashMap<>();

    /** @param reference computes in double; stays open */
    public Comparison(Device reference) {
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
            String label = label(expected.exact(), i);
            double[] one = actual.get(i);
            double[] truth = exact.get(i);
            require(one.length == truth.length, () -> label + ": " + one.length + " values, not " + truth.length);
            double distance = Tolerance.distance(one, truth);
            double limit = expected.limits().get(i);
            // Written so that NaN fails.
            require(
                    distance <= limit,
                    () -> String.format(Locale.ROOT, "%s: error %.3g, limit %.3g", label, distance, limit));
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
                Run exactRun = Run.of(reference, setup, values);
                List<double[]> exact = exactRun.everything();
                List<double[]> actual = Run.of(device, setup, values).everything();
                for (int i = 0; i < exact.size(); i++) {
                    String what = special + " in operand " + operand + ": " + label(exactRun, i) + " is ";
                    double[] one = actual.get(i);
                    double[] truth = exact.get(i);
                    require(
                            sameKinds(one, truth),
                            () -> what + describe(one) + ", in the reference " + describe(truth));
                }
            }
        }
    }

    /** Throws unless two runs gave the same outputs and gradients, bit by bit. */
    static void requireSameBits(Run first, Run second) {
        for (int i = 0; i < first.everything().size(); i++) {
            double[] one = first.everything().get(i);
            double[] other = second.everything().get(i);
            String label = label(first, i);
            require(Arrays.equals(one, other), () -> label + " differs: " + describe(one) + " and " + describe(other));
        }
    }

    private static String describe(double[] values) {
        return values.length <= 40 ? Arrays.toString(values) : values.length + " values";
    }

    /** Finite where the other is, else the same infinity or NaN. */
    private static boolean sameKinds(double[] actual, double[] exact) {
        boolean same = actual.length == exact.length;
        for (int i = 0; same && i < exact.length; i++) {
            same = Double.isFinite(exact[i]) ? Double.isFinite(actual[i]) : Double.compare(actual[i], exact[i]) == 0;
        }
        return same;
    }

    private static void require(boolean condition, Supplier<String> otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise.get());
        }
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
            case I64, U8 -> throw new IllegalArgumentException("no floating type");
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

package org.s2d.verify;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * The comparisons of one case. A tensor's error is its relative L2 distance to the float64 value where the case carries
 * one, else to PyTorch's F32 value. The limit, against float64: {@link #FACTOR} times the largest of PyTorch's own F32
 * error on that tensor, the median of its errors over the tensors of the same kind (the name without its numbers) and
 * {@link #FLOOR}; otherwise {@link #WITHOUT_FLOAT64}. A case may carry PyTorch's F32 error over several draws, which then counts as its
 * own error on the tensor: one draw says little about a number that is a sum of terms that cancel. With a yardstick of a low precision
 * (bf16) the limit is twice PyTorch's error in that type.
 */
public final class Report {
    static final double FACTOR = 4;
    static final double FLOOR = 2.5e-7;
    static final double WITHOUT_FLOAT64 = 2e-5;

    /** One row of the result. */
    public record Row(String name, String shape, double maxAbsError, double relativeError, double limit, String note) {
        public boolean passed() {
            // Written so that NaN fails.
            return relativeError <= limit;
        }
    }

    private record Pending(String name, Shape shape, double maxAbs, double error, OptionalDouble torchError) {}

    private final List<Pending> pending = new ArrayList<>();
    private final List<Row> exact = new ArrayList<>();
    private final @Nullable Yardstick low;
    private final @Nullable Yardstick draws;

    /**
     * @param low PyTorch's error in the low precision that is verified; null in F32
     * @param draws PyTorch's F32 error over several draws; null where the case does not carry it
     */
    public Report(@Nullable Yardstick low, @Nullable Yardstick draws) {
        this.low = low;
        this.draws = draws;
    }

    /** Compares our tensor (on the host) with PyTorch's F32 values and, where given, the float64 values. */
    public void check(String name, Tensor ours, Tensor torch, double @Nullable [] float64) {
        check(name, torch.shape(), ours.toDoubles(), torch.toDoubles(), float64);
    }

    public void check(String name, Shape shape, double[] ours, double[] torch, double @Nullable [] float64) {
        double[] truth = float64 == null ? torch : float64;
        if (ours.length != truth.length) {
            fail(name, ours.length + " values, expected " + truth.length + " " + shape);
            return;
        }
        double maxAbs = 0;
        for (int i = 0; i < ours.length; i++) {
            maxAbs = Double.isNaN(ours[i]) ? Double.NaN : Math.max(maxAbs, Math.abs(ours[i] - truth[i]));
        }
        OptionalDouble torchError =
                float64 == null ? OptionalDouble.empty() : OptionalDouble.of(relativeL2(torch, float64));
        pending.add(new Pending(name, shape, maxAbs, relativeL2(ours, truth), torchError));
    }

    /**
     * A check that is right or wrong, for images, integers and texts: {@code wrong} of {@code total} values differ, a fraction of
     * {@code allowedFraction} may.
     */
    public void checkExact(String name, String shape, long wrong, long total, double allowedFraction, String note) {
        double fraction = total == 0 ? 0 : wrong / (double) total;
        exact.add(new Row(name, shape, wrong, fraction, allowedFraction, note));
    }

    /** A tensor that could not be compared at all. */
    public void fail(String name, String why) {
        exact.add(new Row(name, "-", Double.NaN, Double.NaN, 0, why));
    }

    /** All rows, limits settled. */
    public List<Row> rows() {
        Map<String, List<Double>> errorsByKind = new HashMap<>();
        for (Pending row : pending) {
            row.torchError()
                    .ifPresent(error -> errorsByKind
                            .computeIfAbsent(kind(row.name()), kind -> new ArrayList<>())
                            .add(error));
        }
        List<Row> rows = new ArrayList<>();
        for (Pending row : pending) {
            double limit = limit(row, errorsByKind);
            rows.add(new Row(row.name(), row.shape().toString(), row.maxAbs(), row.error(), limit, ""));
        }
        rows.addAll(exact);
        return rows;
    }

    private double limit(Pending row, Map<String, List<Double>> errorsByKind) {
        if (low != null) {
            return low.limit(row.name());
        }
        if (row.torchError().isEmpty()) {
            return WITHOUT_FLOAT64;
        }
        double own = row.torchError().getAsDouble();
        double typical = median(errorsByKind.getOrDefault(kind(row.name()), List.of()));
        double drawn = draws == null ? 0 : draws.error(row.name());
        return FACTOR * Math.max(Math.max(FLOOR, typical), Math.max(own, drawn));
    }

    static String kind(String name) {
        return name.replaceAll("\\d+", "#");
    }

    static double median(List<Double> values) {
        if (values.isEmpty()) {
            return 0;
        }
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** {@code |ours - truth| / |truth|}; the absolute norm where the truth is zero. */
    static double relativeL2(double[] ours, double[] truth) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < ours.length; i++) {
            difference += (ours[i] - truth[i]) * (ours[i] - truth[i]);
            norm += truth[i] * truth[i];
        }
        return norm == 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
    }

    /** The table that {@code verify} prints: one line per row. */
    public String render() {
        List<Row> rows = rows();
        int width = rows.stream().mapToInt(row -> row.name().length()).max().orElse(4);
        StringBuilder out = new StringBuilder();
        for (Row row : rows) {
            out.append(String.format(
                    Locale.ROOT,
                    "%-" + width + "s  %-22s max %9.2e  rel %9.2e  limit %9.2e  %s%s%n",
                    row.name(),
                    row.shape(),
                    row.maxAbsError(),
                    row.relativeError(),
                    row.limit(),
                    row.passed() ? "PASS" : "FAIL",
                    row.note().isEmpty() ? "" : "  " + row.note()));
        }
        return out.toString();
    }
}

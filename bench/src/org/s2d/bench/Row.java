package org.s2d.bench;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/**
 * One benchmark with its parameters; a value for each iteration of all rounds.
 *
 * @param flops operations of a call; 0 where bytes are what counts
 * @param bytes bytes read and written by a call; 0 where operations are what counts
 * @param items clips, frames or files of a call
 * @param calls per second
 * @param ceiling operations or bytes per second of the machine around the iteration; NaN where there is none
 * @param cores processor seconds per second
 * @param resident peak of resident memory in bytes
 * @param peer what took turns with it, which is then in cores and resident too; null where nothing did
 */
@SuppressWarnings("ArrayRecordComponent") // measured once, never compared
record Row(
        String name,
        Map<String, String> parameters,
        double flops,
        double bytes,
        double items,
        double[] calls,
        double[] ceiling,
        double[] cores,
        double[] resident,
        @Nullable Peer peer) {
    /** A peer's calls, one beside each of ours, with the operations of one and the seconds of each. */
    @SuppressWarnings("ArrayRecordComponent")
    record Peer(double flops, double[] seconds) {}

    /** Parameters that are numbers, and what they count. */
    private static final Map<String, String> NUMBERS =
            Map.of("clips", "clips", "threads", "threads", "atOnce", "at once", "size", "pixels");

    static Row of(Collection<RunResult> rounds) {
        RunResult any = rounds.iterator().next();
        List<IterationResult> iterations = rounds.stream()
                .flatMap(round -> round.getBenchmarkResults().stream())
                .flatMap(fork -> fork.getIterationResults().stream())
                .toList();
        double flops = median(series(iterations, "peerFlopsPerCall"));
        return new Row(
                name(any.getParams()),
                parameters(any.getParams()),
                median(series(iterations, "flopsPerCall")),
                median(series(iterations, "bytesPerCall")),
                median(series(iterations, "itemsPerCall")),
                iterations.stream()
                        .mapToDouble(one -> one.getPrimaryResult().getScore())
                        .toArray(),
                series(iterations, "ceilingRate"),
                series(iterations, "coresUsed"),
                series(iterations, "peakResident"),
                flops == 0 ? null : new Peer(flops, series(iterations, "peerSeconds")));
    }

    private static double[] series(List<IterationResult> iterations, String counter) {
        return iterations.stream()
                .mapToDouble(one -> {
                    Result<?> found = one.getSecondaryResults().get(counter);
                    return found == null ? Double.NaN : found.getScore();
                })
                .toArray();
    }

    private static String name(BenchmarkParams benchmark) {
        String full = benchmark.getBenchmark();
        return full.substring(full.lastIndexOf('.') + 1);
    }

    private static Map<String, String> parameters(BenchmarkParams benchmark) {
        Map<String, String> parameters = new TreeMap<>();
        benchmark.getParamsKeys().forEach(key -> parameters.put(key, benchmark.getParam(key)));
        parameters.remove("threads", "0"); // all
        return parameters;
    }

    /** Benchmark and parameters in words. */
    String title() {
        String values = parameters.entrySet().stream()
                .map(entry -> NUMBERS.containsKey(entry.getKey())
                        ? entry.getValue() + " " + NUMBERS.get(entry.getKey())
                        : entry.getValue().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        return values.isEmpty() ? name : name + ": " + values;
    }

    /** Items per second. */
    double rate() {
        return median(calls) * items;
    }

    /** Of the operations or bytes per second that the machine could do at the same time; NaN where there is no ceiling. */
    double[] fractions() {
        double[] fractions = new double[calls.length];
        Arrays.setAll(fractions, i -> calls[i] * Math.max(flops, bytes) / ceiling[i]);
        return fractions;
    }

    double fraction() {
        return median(fractions());
    }

    /** How many times as long as ours the peer's call took, pair by pair; empty where there is no peer. */
    double[] ratios() {
        double[] ratios = peer == null ? new double[0] : peer.seconds().clone();
        Arrays.setAll(ratios, i -> ratios[i] * calls[i]);
        return ratios;
    }

    /** The peer's {@link #fraction}, of the same ceiling. */
    double peerFraction(Peer other) {
        double[] fractions = new double[ceiling.length];
        Arrays.setAll(fractions, i -> other.flops() / other.seconds()[i] / ceiling[i]);
        return median(fractions);
    }

    /** Half the distance of the quartiles, as a part of the median. */
    static double spread(double[] values) {
        return (quartile(values, 3) - quartile(values, 1)) / 2 / median(values);
    }

    /** The first or third quartile. */
    static double quartile(double[] values, int which) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int inside = (sorted.length - 1) / 4;
        return sorted[which == 1 ? inside : sorted.length - 1 - inside];
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

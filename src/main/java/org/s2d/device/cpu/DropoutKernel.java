package org.s2d.device.cpu;

import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.s2d.device.Checks;
import org.s2d.device.StridedLoop;
import org.s2d.tensor.Tensor;

/** Random numbers, and which elements a dropout keeps: a function of seed and element number alone, the same on every device and partition. */
final class DropoutKernel {
    private DropoutKernel() {}

    static void check(Tensor out, Tensor in, double probability) {
        Checks.floating("dropout", out, in);
        Checks.sameShape("dropout", out, in);
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException("dropout: probability " + probability + " is not in [0, 1]");
        }
    }

    static void reference(Tensor out, Tensor in, double probability, long seed) {
        check(out, in, probability);
        Cells to = new Cells(out);
        Cells from = new Cells(in);
        double factor = 1 / (1 - probability);
        long[] element = new long[1];
        StridedLoop.over(out.shape(), out, in).forEach(at -> {
            boolean kept = keeps(seed, element[0]++, probability);
            to.set(at[0], kept ? from.get(at[1]) * factor : 0);
        });
    }

    /** True when the uniform draw in [0, 1) of this element is at least {@code probability}. */
    static boolean keeps(long seed, long element, double probability) {
        return uniform(seed, element) >= probability;
    }

    /** 24 bits of a 64-bit mix (the finaliser of SplitMix64, twice, the seed going in between). */
    static double uniform(long seed, long element) {
        return (mix(mix(element * 0x9E3779B97F4A7C15L + 1) + seed) >>> 40) * 0x1p-24;
    }

    private static long mix(long value) {
        long z = value;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** A handful of numbers: on one thread. */
    static void keepScales(Tensor out, double probability, long seed) {
        Checks.floating("keepScales", out);
        Checks.contiguous("keepScales", out);
        Cells scales = new Cells(out);
        SplittableRandom random = new SplittableRandom(seed);
        for (long i = 0; i < out.numel(); i++) {
            scales.set(i, random.nextDouble() < probability ? 0 : 1 / (1 - probability));
        }
    }

    /** By Box and Muller's formula; a handful of numbers: on one thread. */
    static void normal(Tensor out, long seed) {
        Checks.floating("normal", out);
        Checks.contiguous("normal", out);
        Cells numbers = new Cells(out);
        for (long i = 0; i < out.numel(); i++) {
            double radius = Math.sqrt(-2 * Math.log(1 - uniform(seed, 2 * i)));
            numbers.set(i, radius * Math.cos(2 * Math.PI * uniform(seed, 2 * i + 1)));
        }
    }

    /** The same draws, shared among the workers. */
    static void parallel(Tensor out, Tensor in, double probability, long seed, Workers workers, Scratch scratch) {
        check(out, in, probability);
        Checks.singlePrecision("dropout", out, in);
        float factor = (float) (1 / (1 - probability));
        StridedLoop loop = StridedLoop.over(out.shape(), out, in);
        int chunk = (int) Math.min(1024, loop.runLength());
        workers.parallelFor(loop.count(), ElementLoop.GRAIN, (worker, from, to) -> {
            Rows result = new Rows(out, loop.runStride(0), scratch, worker, 0, chunk);
            Rows operand = new Rows(in, loop.runStride(1), scratch, worker, 1, chunk);
            loop.forRuns(from, to, (at, first, length) -> {
                for (long done = 0; done < length; done += chunk) {
                    int n = (int) Math.min(chunk, length - done);
                    operand.read(at[1] + done * loop.runStride(1), n);
                    result.locate(at[0] + done * loop.runStride(0));
                    for (int i = 0; i < n; i++) {
                        boolean kept = keeps(seed, first + done + i, probability);
                        float value = operand.segment.get(ValueLayout.JAVA_FLOAT, operand.at + 4L * i);
                        result.segment.set(ValueLayout.JAVA_FLOAT, result.at + 4L * i, kept ? value * factor : 0);
                    }
                    result.write(n);
                }
            });
        });
    }
}

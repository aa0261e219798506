package org.s2d.check.kernels;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.DoubleSupplier;
import org.s2d.check.Size;
import org.s2d.check.Stopwatch;
import org.s2d.device.Device;
import org.s2d.device.DeviceException;
import org.s2d.device.cuda.CudaDevice;
import org.s2d.device.cuda.Driver;

/** Times one call over sets of operands that together do not fit a cache. */
final class KernelTimer {
    /** Twice the cache of a GPU of 2024, so that a set is out of it when its turn comes again. */
    private static final long BEYOND_CACHE = 256L << 20;

    private static final int MOST_SETS = 64;
    private static final int WARM_UP = 2;

    private final Device device;
    private final int rounds;
    private final double roundMilliseconds;
    private final long beyondCache;

    KernelTimer(Device device, Size size) {
        this.device = device;
        rounds = size == Size.BASE ? 9 : 1;
        roundMilliseconds = size == Size.BASE ? 20 : 0;
        beyondCache = size == Size.BASE ? BEYOND_CACHE : 0;
    }

    /** How many sets of that many bytes are needed. */
    int sets(long bytes) {
        return Math.clamp(Math.ceilDiv(beyondCache, Math.max(1, bytes)), 1, MOST_SETS);
    }

    /**
     * Median over rounds of milliseconds per call.
     *
     * @param stream calls enqueued one by one, as a program without graphs has them
     * @param graph the calls replayed as one graph, so that only the device's own time counts; none when they cannot be captured
     */
    record Times(double stream, OptionalDouble graph) {
        double best() {
            return Math.min(stream, graph.orElse(stream));
        }
    }

    Times times(List<Operands> sets) {
        try (Stopwatch watch = Stopwatch.of(device)) {
            Runnable turn = () -> sets.forEach(Operands::run);
            for (int i = 0; i < WARM_UP; i++) {
                watch.milliseconds(turn);
            }
            int turns = turns(watch.milliseconds(turn));
            double stream = median(() -> watch.milliseconds(() -> repeat(turns, turn))) / (turns * sets.size());
            OptionalDouble graph = OptionalDouble.empty();
            if (device instanceof CudaDevice cuda) {
                graph = graph(cuda, watch, turn, turns, sets.size());
            }
            return new Times(stream, graph);
        }
    }

    private OptionalDouble graph(CudaDevice cuda, Stopwatch watch, Runnable turn, int turns, int calls) {
        Driver driver = cuda.context().driver();
        long stream = cuda.context().stream();
        long graph = capture(driver, stream, turn);
        if (graph == 0) {
            return OptionalDouble.empty();
        }
        long executable = driver.instantiate(graph);
        try {
            Runnable replay = () -> driver.launchGraph(executable, stream);
            watch.milliseconds(replay);
            return OptionalDouble.of(median(() -> watch.milliseconds(() -> repeat(turns, replay))) / (turns * calls));
        } finally {
            driver.destroyExecutable(executable);
            driver.destroyGraph(graph);
        }
    }

    /** 0 when the work cannot be captured: it waits for the device, or asks the driver for memory. */
    private static long capture(Driver driver, long stream, Runnable work) {
        driver.beginCapture(stream);
        boolean complete = false;
        try {
            work.run();
            complete = true;
        } catch (DeviceException e) {
            // Told by the missing graph time.
        }
        try {
            long graph = driver.endCapture(stream);
            if (complete) {
                return graph;
            }
            driver.destroyGraph(graph);
        } catch (DeviceException e) {
            // A capture that went wrong ends with an error, which leaves the stream usable.
        }
        return 0;
    }

    private static void repeat(int times, Runnable work) {
        for (int i = 0; i < times; i++) {
            work.run();
        }
    }

    private int turns(double milliseconds) {
        return (int) Math.clamp(Math.ceil(roundMilliseconds / Math.max(milliseconds, 1e-3)), 1, 1000);
    }

    private double median(DoubleSupplier measurement) {
        double[] times = new double[rounds];
        Arrays.setAll(times, i -> measurement.getAsDouble());
        Arrays.sort(times);
        return times[rounds / 2];
    }
}

package org.s2d.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Clips per second of base-size S2D (16 frames, 224 pixels): inference, and forward plus backward with a frozen backbone. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 5)
@Measurement(iterations = 5, time = 5)
@Fork(1)
public class S2dBenchmark {
    /** Checks the forward pass once before it is timed. */
    @State(Scope.Benchmark)
    public static class Forward {
        @Setup(Level.Trial)
        public void check(BaseModel model) {
            model.checkLogits(model.forward());
        }
    }

    /** Checks loss and gradients once before they are timed. */
    @State(Scope.Benchmark)
    public static class Step {
        @Setup(Level.Trial)
        public void check(BaseModel model) {
            model.checkGradients(model.gradients());
        }
    }

    /**
     * The rate of the product benchmark just before and after each iteration, since a shared machine does not keep its speed from one minute
     * to the next.
     */
    @AuxCounters(AuxCounters.Type.EVENTS)
    @State(Scope.Thread)
    public static class Ceiling {
        private static final long NANOS = 700_000_000;

        private final MatmulBenchmark benchmark = new MatmulBenchmark();
        private double before;
        private double after;

        @Setup(Level.Trial)
        public void create(BaseModel model) {
            benchmark.precision = model.precision;
            benchmark.threads = model.threads;
            benchmark.create();
        }

        @Setup(Level.Iteration)
        public void before() {
            before = rate();
        }

        @TearDown(Level.Iteration)
        public void after() {
            after = rate();
        }

        private double rate() {
            long start = System.nanoTime();
            int runs = 0;
            long now = start;
            while (now - start < NANOS) {
                benchmark.product();
                runs++;
                now = System.nanoTime();
            }
            return runs / ((now - start) / 1e9);
        }

        /** Products per second around the last iteration. */
        public double productRate() {
            return (before + after) / 2;
        }

        @TearDown(Level.Trial)
        public void close() {
            benchmark.close();
        }
    }

    @Benchmark
    public float[] forward(BaseModel model, Forward checked, Ceiling ceiling) {
        return model.forward();
    }

    @Benchmark
    public float trainingStep(BaseModel model, Step checked, Ceiling ceiling) {
        return model.gradients();
    }
}

package org.s2d.bench;

import java.util.concurrent.TimeUnit;
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

    @Benchmark
    public float[] forward(BaseModel model, Forward checked) {
        return model.forward();
    }

    @Benchmark
    public float trainingStep(BaseModel model, Step checked) {
        return model.gradients();
    }
}

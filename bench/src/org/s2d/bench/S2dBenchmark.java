package org.s2d.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dFlops;
import org.s2d.nn.Parameter;

/** Base-size S2D (16 frames, 224 pixels unless said): inference, and forward plus backward with a frozen backbone. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 1, time = 5)
@Measurement(iterations = 3, time = 5)
@Fork(1)
public class S2dBenchmark {
    /** Inference, checked before it is timed. */
    @State(Scope.Benchmark)
    public static class Forward extends BaseModel {
        @Param({"1", "8"})
        public int clips = 1;

        @Override
        int clips() {
            return clips;
        }

        @Setup(Level.Trial)
        public void check(Work work) {
            model.parameters().values().forEach(Parameter::keepPacked); // as every model that only predicts
            forward();
            checkForward(); // of the second pass, which packs
            double flops = clips * S2dFlops.needed(CONFIG).forward();
            work.items(clips).flops(flops, Ceiling.product(precision, threads));
        }
    }

    /** Inference of one clip of other numbers of frames and pixels, {@code FRAMESxPIXELS}, checked before it is timed. */
    @State(Scope.Benchmark)
    public static class Scaling extends BaseModel {
        @Param({"4x224", "8x224", "16x224", "16x112", "16x160"})
        public String clip = "16x224";

        @Override
        int clips() {
            return 1;
        }

        @Override
        S2dConfig config() {
            String[] sizes = clip.split("x");
            return CONFIG.toBuilder()
                    .frames(Integer.parseInt(sizes[0]))
                    .imageSize(Integer.parseInt(sizes[1]))
                    .build();
        }

        @Setup(Level.Trial)
        public void check(Work work) {
            checkForward();
            work.flops(S2dFlops.needed(config()).forward(), Ceiling.product(precision, threads));
        }
    }

    /** Loss and gradients of two clips, together or one after the other, checked before they are timed. */
    @State(Scope.Benchmark)
    public static class Step extends BaseModel {
        @Param({"2", "1"})
        public int atOnce = 2;

        @Override
        int clips() {
            return 2;
        }

        @Setup(Level.Trial)
        public void check(Work work) {
            checkGradients(atOnce);
            double flops = clips() * S2dFlops.needed(CONFIG).fineTuningStep();
            work.items(clips()).flops(flops, Ceiling.product(precision, threads));
        }
    }

    @Benchmark
    public float[] forward(Forward model, Meter meter) {
        return model.forward();
    }

    @Benchmark
    public float[] scaling(Scaling model, Meter meter) {
        return model.forward();
    }

    @Benchmark
    public float trainingStep(Step model, Meter meter) {
        return model.gradients(model.atOnce);
    }
}

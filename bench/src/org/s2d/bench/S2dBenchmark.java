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

/** Base-size S2D (16 frames, 224 pixels) unless said: inference, and forward plus backward with a frozen backbone. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 1, time = 5)
@Measurement(iterations = 3, time = 5)
@Fork(1)
public class S2dBenchmark {
    /** Inference as every model that only predicts does it, checked before it is timed. */
    @State(Scope.Benchmark)
    public abstract static class Inference extends BaseModel {
        @Setup(Level.Trial)
        public void check(Work work) {
            model.parameters().values().forEach(Parameter::keepPacked);
            forward();
            checkForward(); // of the second pass, which packs
            describe(work, S2dFlops.needed(config()).forward());
        }
    }

    /** Batches of clips of the usual size. */
    @State(Scope.Benchmark)
    public static class Forward extends Inference {
        @Param({"1", "8"})
        public int clips = 1;

        @Override
        int clips() {
            return clips;
        }
    }

    /** Batches of other sizes; {@code -p threads=1,2} varies what computes them. */
    @State(Scope.Benchmark)
    public static class Scaling extends Inference {
        /** {@code CLIPSxFRAMESxPIXELS}. */
        @Param({"1x4x224", "1x8x224", "1x16x224", "1x16x112", "1x16x160", "2x16x224", "4x16x224", "8x16x224"})
        public String batch = "1x16x224";

        private int size(int index) {
            return Integer.parseInt(batch.split("x", -1)[index]);
        }

        @Override
        int clips() {
            return size(0);
        }

        @Override
        S2dConfig config() {
            return CONFIG.toBuilder().frames(size(1)).imageSize(size(2)).build();
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
            describe(work, S2dFlops.needed(config()).fineTuningStep());
        }
    }

    /** A step of the small model (112 pixels) on eight clips, checked before it is timed; it counts frames, as {@link LoaderBenchmark} does. */
    @State(Scope.Benchmark)
    public static class SmallStep extends BaseModel {
        @Override
        int clips() {
            return 8;
        }

        @Override
        S2dConfig config() {
            return S2dConfig.small(7);
        }

        @Override
        String reference() {
            return "s2d_small.json";
        }

        @Setup(Level.Trial)
        public void check(Work work) {
            checkGradients(clips());
            describe(work, S2dFlops.needed(config()).fineTuningStep());
            work.items((long) clips() * config().frames());
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

    @Benchmark
    public float smallStep(SmallStep model, Meter meter) {
        return model.gradients(model.clips());
    }
}

package org.s2d.bench;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.CrossEntropy;
import org.s2d.check.steps.Formula;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.model.Classifier.Output;
import org.s2d.model.s4d.RouterNoise;
import org.s2d.model.s4d.S4dConfig;
import org.s2d.model.s4d.S4dConfig.Experts;
import org.s2d.model.s4d.S4dConfig.Vit;
import org.s2d.model.s4d.S4dModel;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * S4D on one clip of 800 tokens: the whole small model, and two blocks with mixtures of experts beside two plain ones that do as much
 * arithmetic for each token. Items are tokens.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 5)
@Measurement(iterations = 5, time = 4)
@Fork(1)
public class S4dBenchmark {
    private static final int CLASSES = 7;

    /** What the feed-forward layers of two blocks are beside. */
    public enum Kind {
        /** Nothing, but they are wider by the two experts that a token would have: half the tokens' width. */
        PLAIN,
        MIXTURES
    }

    /** A model, compared with float64 on a photograph before it is timed on a clip. */
    @State(Scope.Benchmark)
    public abstract static class Subject {
        @Param({"FP32", "BF16"})
        public Precision precision = Precision.FP32;

        @Param("0")
        public int threads;

        private @Nullable Run run;

        abstract S4dConfig config();

        @Setup(Level.Trial)
        public void create(Work work, BenchmarkParams benchmark) {
            boolean step = benchmark.getBenchmark().endsWith("Step");
            int cores = BaseModel.threads(threads);
            Run own = new Run(config(), new CpuDevice(new HostPool(), cores), precision);
            run = own;
            own.check(step);
            own.show(config().vit().frames());
            work.items(config().vit().tokensPerClip()).flops(flops(config(), step), Ceiling.product(precision, cores));
        }

        @TearDown(Level.Trial)
        public void close() {
            run().close();
        }

        Run run() {
            return Objects.requireNonNull(run);
        }
    }

    /** The authors' small model. */
    @State(Scope.Benchmark)
    public static class Small extends Subject {
        @Override
        S4dConfig config() {
            return S4dConfig.of(S4dConfig.vit("small"), CLASSES, CLASSES);
        }
    }

    /** Two blocks of the small model's width. Tubelets are small, so that cutting the clip into tokens costs little beside them. */
    @State(Scope.Benchmark)
    public static class Blocks extends Subject {
        @Param({"PLAIN", "MIXTURES"})
        public Kind kind = Kind.PLAIN;

        @Override
        S4dConfig config() {
            boolean plain = kind == Kind.PLAIN;
            Vit vit = new Vit(80, 8, 8, 1, 384, 2, 6, plain ? 4.5 : 4, 0, 0);
            Experts experts = plain ? Experts.none() : new Experts(Set.of(0, 1), 8, 2, 1, 0.25, false);
            return new S4dConfig(vit, experts, CLASSES, CLASSES, 0);
        }
    }

    @Benchmark
    public float[] s4dForward(Small model, Meter meter) {
        return model.run().forward();
    }

    @Benchmark
    public double s4dTrainingStep(Small model, Meter meter) {
        return model.run().gradients();
    }

    @Benchmark
    public float[] twoBlocksForward(Blocks model, Meter meter) {
        return model.run().forward();
    }

    @Benchmark
    public double twoBlocksStep(Blocks model, Meter meter) {
        return model.run().gradients();
    }

    /**
     * Operations on one clip; a step does the products twice more, but for the pixels' gradient, and the attentions, whose scores are computed
     * again, 2.5 times more.
     */
    private static double flops(S4dConfig config, boolean step) {
        Vit vit = config.vit();
        Experts experts = config.experts();
        double n = vit.tokensPerClip();
        double d = vit.embedDim();
        double embedding = 2 * n * vit.pixels() * d;
        double blocks = vit.depth() * 2 * n * d * d * (4 + 2 * vit.mlpRatio());
        double perToken = experts.chosen() * 4 * d * d * experts.widthRatio() + 2 * d * experts.count();
        double products = blocks + experts.layers().size() * n * perToken;
        double attention = vit.depth() * 4 * n * n * d;
        return step ? 2 * embedding + 3 * products + 3.5 * attention : embedding + products + attention;
    }

    /** A model with formula weights on a device, and the photograph or clip that it is shown. */
    private static final class Run implements AutoCloseable {
        private final S4dConfig config;
        private final Device device;
        private final Precision precision;
        private final org.s2d.tensor.Scope scope;
        private final S4dModel model;
        private Tensor x;

        /** Shows a photograph. */
        Run(S4dConfig config, Device device, Precision precision) {
            this.config = config;
            this.device = device;
            this.precision = precision;
            scope = new org.s2d.tensor.Scope(device.allocator());
            model = new S4dModel(ParameterFactory.root(device, scope, 0), config);
            for (Parameter parameter : model.parameters().values()) {
                device.upload(parameter.value(), Formula.values(parameter.name(), parameter.shape()));
                parameter.changed();
            }
            x = show(1);
        }

        /** So many frames from now on; one is a photograph. */
        Tensor show(int frames) {
            int side = config.vit().imageSize();
            Shape shape = Shape.of(1, 3, frames, side, side);
            x = scope.allocate(device instanceof ReferenceDevice ? DType.F64 : DType.F32, shape);
            device.upload(x, Formula.values("x", shape));
            return x;
        }

        /** Class scores. */
        float[] forward() {
            try (Tape tape = Tape.evaluating(device, precision, Gradients.NONE)) {
                return output(tape).logits().value().toFloats();
            }
        }

        private Output output(Tape tape) {
            return model.forward(tape, tape.constant(x), RouterNoise.IN_TRAINING);
        }

        /** Forward and backward; the gradients stay in the parameters. Returns the loss. */
        double gradients() {
            model.parameters().values().forEach(Parameter::zeroGrad);
            try (Tape tape = Tape.evaluating(device, precision, Gradients.RECORD)) {
                Output output = output(tape);
                Var loss = Arithmetic.mean(tape, CrossEntropy.ofLabels(tape, output.logits(), new long[] {0}, 0.1), 0);
                Var balance = output.balanceLoss();
                Var all = balance == null ? loss : Arithmetic.add(tape, loss, Arithmetic.scale(tape, balance, 1e-3));
                tape.backward(all);
                return all.value().toDoubles()[0];
            }
        }

        private float[] allGradients() {
            gradients();
            List<float[]> all = model.parameters().values().stream()
                    .map(Parameter::grad)
                    .filter(Objects::nonNull)
                    .map(Tensor::toFloats)
                    .toList();
            FloatBuffer joined = FloatBuffer.allocate(
                    all.stream().mapToInt(one -> one.length).sum());
            all.forEach(joined::put);
            return joined.array();
        }

        /** Scores, and gradients if asked for, of a photograph against float64. F32 differs by rounding only; bf16 keeps 8 bits. */
        void check(boolean alsoGradients) {
            try (Run exact = new Run(config, new ReferenceDevice(new HostPool()), Precision.FP32)) {
                require("scores", forward(), exact.forward());
                if (alsoGradients) {
                    require("gradients", allGradients(), exact.allGradients());
                }
            }
        }

        private void require(String what, float[] ours, float[] truth) {
            double[] exact =
                    IntStream.range(0, truth.length).mapToDouble(i -> truth[i]).toArray();
            double error = Reference.distance(ours, exact);
            // Written so that NaN fails.
            if (!(error <= (precision == Precision.FP32 ? 2e-5 : 5e-2))) {
                throw new IllegalStateException(what + " are wrong: relative error " + error + " in " + precision);
            }
        }

        @Override
        public void close() {
            scope.close();
            device.close();
        }
    }
}

package org.s2d.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
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
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.check.steps.Formula;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.model.s2d.PromptBlock;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dFlops;
import org.s2d.model.s2d.TemporalAdapter;
import org.s2d.nn.Block;
import org.s2d.nn.Mlp;
import org.s2d.nn.Module;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.nn.SelfAttention;
import org.s2d.nn.SelfAttention.QkvBias;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Single layers of the base model over the 16 frames of a clip, compared with PyTorch's float64 before they are timed. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 2)
@Fork(1)
public class LayerBenchmark {
    private static final Path REFERENCE = Path.of("bench", "reference", "layers.json");
    private static final S2dConfig CONFIG = BaseModel.CONFIG;
    private static final int HIDDEN = (int) (CONFIG.embedDim() * CONFIG.mlpRatio());

    /** A block has class tokens, the other two do not. */
    @Param({"attention", "mlp", "block", "temporal_adapter", "fovea_prompter"})
    public String layer = "block";

    @Param({"FP32", "BF16"})
    public Precision precision = Precision.FP32;

    @Param("0")
    public int threads;

    private Device device;
    private org.s2d.tensor.Scope scope;
    private Forward forward;

    /** A layer on its inputs. */
    @FunctionalInterface
    private interface Forward {
        Var run(Tape tape);
    }

    @Setup(Level.Trial)
    public void create(Work work) throws IOException {
        device = new CpuDevice(new HostPool(), BaseModel.threads(threads));
        scope = new org.s2d.tensor.Scope(device.allocator());
        forward = layer(ParameterFactory.undefined(device, scope).child(layer));
        check();
        work.flops(flops(), Ceiling.product(precision, threads));
    }

    private Forward layer(ParameterFactory factory) {
        int width = CONFIG.embedDim();
        return switch (layer) {
            case "attention" -> {
                SelfAttention attention = filled(new SelfAttention(factory, width, CONFIG.heads(), QkvBias.ALL));
                Tensor x = tokens("x", CONFIG.tokens() + 1);
                yield tape -> attention.forward(tape, tape.constant(x));
            }
            case "mlp" -> {
                Mlp mlp = filled(new Mlp(factory, width, HIDDEN));
                Tensor x = tokens("x", CONFIG.tokens() + 1);
                yield tape -> mlp.forward(tape, tape.constant(x));
            }
            case "block" -> {
                Block block =
                        filled(new Block(factory, new Block.Sizes(width, CONFIG.heads(), HIDDEN, QkvBias.ALL, 0, 0)));
                Tensor x = tokens("x", CONFIG.tokens() + 1);
                yield tape -> block.forward(tape, tape.constant(x));
            }
            case "temporal_adapter" -> {
                TemporalAdapter adapter = filled(new TemporalAdapter(factory, CONFIG));
                Tensor x = tokens("x", CONFIG.tokens());
                yield tape -> adapter.forward(tape, tape.constant(x));
            }
            default -> {
                PromptBlock prompter = filled(new PromptBlock(factory, ofImages()));
                Tensor x = tokens("x", CONFIG.tokens());
                Tensor a = tokens("a", CONFIG.tokens());
                yield tape -> prompter.forward(tape, tape.constant(x), tape.constant(a))
                        .prompt();
            }
        };
    }

    private <M extends Module> M filled(M module) {
        for (Parameter parameter : module.parameters().values()) {
            device.upload(parameter.value(), Formula.values(parameter.name(), parameter.shape()));
            parameter.changed();
            parameter.setRequiresGrad(false);
        }
        return module;
    }

    private Tensor tokens(String name, int count) {
        Tensor tensor = scope.allocate(DType.F32, Shape.of(CONFIG.frames(), count, CONFIG.embedDim()));
        device.upload(tensor, Formula.values(name, tensor.shape()));
        return tensor;
    }

    /** The same sizes without temporal adapters. */
    private static S2dConfig ofImages() {
        return CONFIG.toBuilder().mode(S2dConfig.Mode.IMAGE).frames(1).build();
    }

    /** Of one layer, from those of all in the model. */
    private double flops() {
        S2dFlops clip = S2dFlops.of(CONFIG);
        double prompters = CONFIG.frames() * S2dFlops.of(ofImages()).prompts();
        double products = 4 / (4 + 2 * CONFIG.mlpRatio()); // of a block's, those around its attention
        return switch (layer) {
                    case "attention" -> products * clip.blocks() + clip.attention();
                    case "mlp" -> (1 - products) * clip.blocks();
                    case "block" -> clip.blocks() + clip.attention();
                    case "temporal_adapter" -> clip.prompts() - prompters;
                    default -> prompters;
                }
                / CONFIG.depth();
    }

    /** 32 bits differ by rounding only; bf16 rounds at most six times in a row, each time by up to 0.4 per cent. */
    private void check() throws IOException {
        double[] truth = StreamSupport.stream(
                        new ObjectMapper()
                                .readTree(REFERENCE.toFile())
                                .path(layer)
                                .spliterator(),
                        false)
                .mapToDouble(node -> node.asDouble())
                .toArray();
        float[] ours = new float[truth.length];
        try (Tape tape = Tape.evaluating(device, precision, Gradients.NONE)) {
            float[] all = forward.run(tape).value().toFloats();
            for (int i = 0; i < ours.length; i++) {
                ours[i] = all[i * (all.length / ours.length)];
            }
        }
        double error = Reference.distance(ours, truth);
        if (!(error <= (precision == Precision.FP32 ? 2e-5 : 2e-2))) { // written so that NaN fails
            throw new IllegalStateException(layer + " is wrong: relative error " + error + " in " + precision);
        }
    }

    @TearDown(Level.Trial)
    public void close() {
        scope.close();
        device.close();
    }

    @Benchmark
    public Shape layer(Meter meter) {
        try (Tape tape = Tape.evaluating(device, precision, Gradients.NONE)) {
            return forward.run(tape).shape();
        }
    }
}

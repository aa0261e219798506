package org.s2d.bench;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
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
import org.s2d.check.steps.Formula;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dFlops;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** The base model of photographs in bf16, eight at once. It must first give 200 pictures the classes that it gives them in fp32. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 1, time = 5)
@Measurement(iterations = 3, time = 5)
@Fork(1)
public class PhotoBenchmark {
    private static final int BATCH = 8;
    private static final int PICTURES = 200;
    private static final int SIDE = 224;

    /** Pixels of one colour along a side of a picture's squares. */
    private static final int SQUARE = 32;

    private static final S2dConfig CONFIG =
            BaseModel.CONFIG.toBuilder().mode(S2dConfig.Mode.IMAGE).frames(1).build();

    @Param("0")
    public int threads;

    private Device device;
    private org.s2d.tensor.Scope scope;
    private S2dModel model;
    private Tensor x;
    private Tensor a;

    @Setup(Level.Trial)
    public void create(Work work) {
        device = new CpuDevice(new HostPool(), BaseModel.threads(threads));
        scope = new org.s2d.tensor.Scope(device.allocator());
        model = new S2dModel(ParameterFactory.undefined(device, scope), CONFIG);
        for (Parameter parameter : model.parameters().values()) {
            device.upload(parameter.value(), Formula.values(parameter.name(), parameter.shape()));
            parameter.changed();
            parameter.setRequiresGrad(false);
        }
        x = scope.allocate(DType.F32, Shape.of(BATCH, 3, 1, SIDE, SIDE));
        a = scope.allocate(DType.F32, Shape.of(BATCH, 128, 14, 14));
        device.upload(a, Formula.values("a", a.shape()));
        for (int first = 0; first < PICTURES; first += BATCH) {
            draw(first);
            check(first);
        }
        work.items(BATCH).flops(BATCH * S2dFlops.needed(CONFIG).forward(), Ceiling.product(Precision.BF16, threads));
    }

    /** Pictures of squares, whose contrast grows with their number. */
    private void draw(int first) {
        int squares = SIDE / SQUARE;
        for (int i = 0; i < BATCH; i++) {
            int number = first + i;
            float contrast = 0.1f + 2f * number / PICTURES;
            float[] colours = Formula.values("picture " + number, Shape.of(3, squares, squares));
            float[] pixels = new float[3 * SIDE * SIDE];
            for (int at = 0; at < pixels.length; at++) {
                int row = at / SIDE % SIDE / SQUARE;
                int column = at % SIDE / SQUARE;
                float colour = colours[(at / (SIDE * SIDE) * squares + row) * squares + column];
                pixels[at] = 5 * contrast * colour; // the formula's numbers are within 0.2 of 0
            }
            device.upload(x.select(0, i), pixels);
        }
    }

    private void check(int first) {
        int[] exact = classes(Precision.FP32);
        int[] ours = classes(Precision.BF16);
        if (!Arrays.equals(exact, ours)) {
            throw new IllegalStateException("pictures from " + first + " are of classes " + Arrays.toString(exact)
                    + " in fp32, but " + Arrays.toString(ours) + " in bf16");
        }
    }

    private int[] classes(Precision in) {
        float[] logits = logits(in);
        return IntStream.range(0, BATCH)
                .map(row -> IntStream.range(row * CONFIG.classes(), (row + 1) * CONFIG.classes())
                                .reduce((best, next) -> logits[next] > logits[best] ? next : best)
                                .orElseThrow()
                        % CONFIG.classes())
                .toArray();
    }

    private float[] logits(Precision in) {
        try (Tape tape = Tape.evaluating(device, in, Gradients.NONE)) {
            return model.forward(tape, tape.constant(x), tape.constant(a))
                    .logits()
                    .value()
                    .toFloats();
        }
    }

    @TearDown(Level.Trial)
    public void close() {
        scope.close();
        device.close();
    }

    @Benchmark
    public float[] photos(Meter meter) {
        return logits(Precision.BF16);
    }
}

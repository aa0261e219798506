package org.s2d.autograd.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.s2d.SharedData;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.weights.Checkpoint;

/** Attention and fovea against what PyTorch computed; the linear layers around attention are done here, in double. */
class AttentionFixturesTest {
    /** Our error may be this many times PyTorch's own float32 error against float64. */
    private static final double FACTOR = 4;

    private static Stream<Device> devices() {
        return Stream.of(
                new ReferenceDevice(new HostPool(HostPool.Fill.POISON)),
                new CpuDevice(new HostPool(HostPool.Fill.POISON), 2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"attention_h4", "attention_h8_hd2_nobias"})
    void attentionMatchesTimm(String name) {
        int heads = name.equals("attention_h4") ? 4 : 8;
        devices().forEach(device -> {
            try (device;
                    Fixture fixture = new Fixture(name)) {
                checkAttention(device, fixture, heads);
            }
        });
    }

    private static void checkAttention(Device device, Fixture fixture, int heads) {
        Tensor x = fixture.input("in.x");
        int width = x.dim(2);
        int rows = x.dim(0) * x.dim(1);
        Shape packed = x.shape().with(2, 3 * width);
        double[] qkv = multiply(x.toDoubles(), rows, width, fixture.doubles("param.qkv.weight"), true);
        double[] gradHidden =
                multiply(fixture.doubles("gout"), rows, width, fixture.doubles("param.proj.weight"), false);
        if (fixture.has("param.qkv.bias")) {
            addBias(qkv, fixture.doubles("param.qkv.bias"));
        }
        try (Tape tape = Tape.evaluating(device, Precision.FP32, Tape.Gradients.RECORD)) {
            Var in = tape.input(fill(tape, packed, qkv), true);
            Var hidden = Attention.overTokens(tape, in, heads);
            double[] out =
                    multiply(hidden.value().toDoubles(), rows, width, fixture.doubles("param.proj.weight"), true);
            addBias(out, fixture.doubles("param.proj.bias"));
            fixture.check(device, "out", out);
            tape.backward(List.of(hidden), List.of(fill(tape, x.shape(), gradHidden)));
            double[] gradQkv = grad(in).toDoubles();
            fixture.check(
                    device, "grad.x", multiply(gradQkv, rows, 3 * width, fixture.doubles("param.qkv.weight"), false));
            fixture.check(device, "grad.qkv.weight", outer(gradQkv, x.toDoubles(), rows));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"fovea_smooth", "fovea_plain"})
    void foveaMatchesS2d(String name) {
        devices().forEach(device -> {
            try (device;
                    Fixture fixture = new Fixture(name)) {
                checkFovea(device, fixture);
            }
        });
    }

    /** The fixtures are [F, C, H, W]; the operation works on [F, H*W, C]. */
    private static void checkFovea(Device device, Fixture fixture) {
        Tensor x = fixture.input("in.x");
        int channels = x.dim(1);
        int positions = x.dim(2) * x.dim(3);
        boolean plain = !fixture.has("param.smooth");
        try (Tape tape = Tape.evaluating(device, Precision.FP32, Tape.Gradients.RECORD)) {
            Shape shape = Shape.of(x.dim(0), positions, channels);
            Var in = tape.input(fill(tape, shape, swap(x.toDoubles(), channels, positions)), true);
            double[] factor = plain ? new double[] {1} : fixture.doubles("param.smooth");
            Var smooth = tape.input(fill(tape, Shape.of(1), factor), true);
            Var out = Fovea.apply(tape, in, smooth);
            fixture.check(device, "out", swap(out.value().toDoubles(), positions, channels));
            Tensor gradOut = fill(tape, shape, swap(fixture.doubles("gout"), channels, positions));
            tape.backward(List.of(out), List.of(gradOut));
            fixture.check(device, "grad.x", swap(grad(in).toDoubles(), positions, channels));
            if (!plain) {
                fixture.check(device, "grad.smooth", grad(smooth).toDoubles());
            }
        }
    }

    /** One case of the fixtures file. */
    private static final class Fixture implements AutoCloseable {
        private final String name;
        private final HostPool pool = new HostPool();
        private final Scope scope = new Scope(pool);
        private final Checkpoint file =
                Checkpoint.open(SharedData.require("reference/timm_ops").resolve("ops.safetensors"));

        Fixture(String name) {
            this.name = name;
        }

        boolean has(String part) {
            return file.tensors().containsKey(name + "/" + part);
        }

        Tensor input(String part) {
            return file.load(name + "/" + part, scope);
        }

        double[] doubles(String part) {
            return input(part).toDoubles();
        }

        void check(Device device, String part, double[] ours) {
            double[] exact = doubles("f64." + part);
            double[] low = doubles("f64." + part + ".lo");
            for (int i = 0; i < exact.length; i++) {
                exact[i] += low[i];
            }
            double limit = device.floatType() == DType.F64
                    ? 1e-13 // float64 results are stored with 48 bits
                    : Math.max(FACTOR * error(doubles(part), exact), 6e-8);
            assertThat(error(ours, exact))
                    .as("%s of %s on %s", part, name, device.name())
                    .isLessThan(limit);
        }

        @Override
        public void close() {
            file.close();
            scope.close();
            pool.close();
        }
    }

    private static Tensor grad(Var variable) {
        return Objects.requireNonNull(variable.grad());
    }

    private static Tensor fill(Tape tape, Shape shape, double[] values) {
        Tensor tensor = tape.allocate(tape.floatType(), shape);
        for (int i = 0; i < values.length; i++) {
            tensor.setDouble(i, values[i]);
        }
        return tensor;
    }

    private static double error(double[] values, double[] exact) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < exact.length; i++) {
            difference += (values[i] - exact[i]) * (values[i] - exact[i]);
            norm += exact[i] * exact[i];
        }
        return Math.sqrt(difference / norm);
    }

    /** a [rows, width] times the weight [outputs, inputs], transposed (as a linear layer does) or not. */
    private static double[] multiply(double[] a, int rows, int width, double[] weight, boolean transposed) {
        int outWidth = weight.length / width;
        double[] out = new double[rows * outWidth];
        for (int i = 0; i < out.length; i++) {
            int row = i / outWidth;
            int column = i % outWidth;
            for (int c = 0; c < width; c++) {
                out[i] += a[row * width + c] * weight[transposed ? column * width + c : c * outWidth + column];
            }
        }
        return out;
    }

    private static double[] outer(double[] a, double[] b, int rows) {
        int height = a.length / rows;
        int width = b.length / rows;
        double[] out = new double[height * width];
        for (int i = 0; i < out.length; i++) {
            for (int row = 0; row < rows; row++) {
                out[i] += a[row * height + i / width] * b[row * width + i % width];
            }
        }
        return out;
    }

    private static void addBias(double[] values, double[] bias) {
        for (int i = 0; i < values.length; i++) {
            values[i] += bias[i % bias.length];
        }
    }

    /** [F, rows, columns] to [F, columns, rows]. */
    private static double[] swap(double[] values, int rows, int columns) {
        double[] swapped = new double[values.length];
        int block = rows * columns;
        for (int i = 0; i < values.length; i++) {
            swapped[i / block * block + i % columns * rows + i % block / columns] = values[i];
        }
        return swapped;
    }
}

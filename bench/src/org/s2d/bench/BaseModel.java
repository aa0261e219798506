package org.s2d.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.CrossEntropy;
import org.s2d.check.steps.Formula;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.train.FreezeRule;

/** Base-size S2D with formula weights, one 16-frame clip, and PyTorch's float64 result for both. */
@State(Scope.Benchmark)
public class BaseModel {
    /**
     * F32 differs from float64 by rounding only; bf16 keeps 8 bits through 12 blocks. The gradient of a fovea.smooth is a sum of terms that
     * cancel: PyTorch's own bf16 error of it is 0.03 to 0.11 at a depth of three (yardstick_bf16.json of s2d_tiny), and twice that may be ours.
     */
    private double tolerance(String what) {
        if (precision == Precision.FP32) {
            return 2e-5;
        }
        return what.endsWith("fovea.smooth") ? 0.22 : 5e-2;
    }

    @Param({"FP32", "BF16"})
    public Precision precision = Precision.FP32;

    @Param("0")
    public int threads;

    Device device;
    S2dModel model;
    private HostPool pool;
    private org.s2d.tensor.Scope scope;
    private Tensor x;
    private Tensor a;
    private JsonNode expected;

    @Setup(Level.Trial)
    public void create() throws IOException {
        pool = new HostPool();
        device =
                new CpuDevice(pool, threads > 0 ? threads : Runtime.getRuntime().availableProcessors());
        scope = new org.s2d.tensor.Scope(pool);
        model = new S2dModel(ParameterFactory.root(device, scope, 0), S2dConfig.base(7));
        for (Parameter parameter : model.parameters().values()) {
            device.upload(parameter.value(), Formula.values(parameter.name(), parameter.shape()));
            parameter.changed();
        }
        FreezeRule.S2D.apply(model);
        x = scope.allocate(DType.F32, Shape.of(1, 3, 16, 224, 224));
        a = scope.allocate(DType.F32, Shape.of(16, 128, 14, 14));
        device.upload(x, Formula.values("x", x.shape()));
        device.upload(a, Formula.values("a", a.shape()));
        expected = new ObjectMapper()
                .readTree(Path.of("bench", "reference", "s2d_base.json").toFile());
    }

    @TearDown(Level.Trial)
    public void close() {
        scope.close();
        device.close();
    }

    /** Class scores of the clip. */
    float[] forward() {
        try (Tape tape = Tape.evaluating(device, precision, Gradients.NONE)) {
            return logits(tape).value().toFloats();
        }
    }

    private Var logits(Tape tape) {
        return model.forward(tape, tape.constant(x), tape.constant(a)).logits();
    }

    /** Forward and backward; the gradients stay in the parameters. Returns the loss. */
    float gradients() {
        model.parameters().values().forEach(Parameter::zeroGrad);
        try (Tape tape = Tape.evaluating(device, precision, Gradients.RECORD)) {
            long[] label = {expected.path("label").asLong()};
            Var loss = Arithmetic.mean(tape, CrossEntropy.ofLabels(tape, logits(tape), label, 0.1), 0);
            tape.backward(loss);
            return loss.value().toFloats()[0];
        }
    }

    void checkLogits(float[] logits) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < logits.length; i++) {
            double truth = expected.path("logits").path(i).asDouble();
            difference += (logits[i] - truth) * (logits[i] - truth);
            norm += truth * truth;
        }
        require("logits", Math.sqrt(difference / norm));
    }

    void checkGradients(float loss) {
        double truth = expected.path("loss").asDouble();
        require("loss", Math.abs(loss - truth) / truth);
        Map<String, Double> norms = new LinkedHashMap<>();
        expected.path("gradient_norms")
                .properties()
                .forEach(entry -> norms.put(entry.getKey(), entry.getValue().asDouble()));
        norms.forEach((name, norm) -> {
            Tensor grad = model.parameters().get(name).grad();
            if (grad == null) {
                throw new IllegalStateException("no gradient of " + name);
            }
            double ours = device.optimizers().norm(List.of(grad));
            require("gradient of " + name, Math.abs(ours - norm) / Math.max(norm, typical(norms, name)));
        });
    }

    /** Median over the blocks: the gradient of one fovea.smooth is a sum of terms that may cancel to nearly nothing. */
    private static double typical(Map<String, Double> norms, String name) {
        String kind = name.replaceAll("\\d+", "#");
        double[] same = norms.entrySet().stream()
                .filter(entry -> entry.getKey().replaceAll("\\d+", "#").equals(kind))
                .mapToDouble(Map.Entry::getValue)
                .sorted()
                .toArray();
        return same[same.length / 2];
    }

    private void require(String what, double error) {
        // Written so that NaN fails.
        if (!(error <= tolerance(what))) {
            throw new IllegalStateException(what + " is wrong: relative error " + error + " in " + precision);
        }
    }
}

package org.s2d.bench;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.s2d.autograd.Part;
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
import org.s2d.train.step.FreezeRule;

/** S2D with formula weights, of base size unless said, and a batch of copies of the formula's clip. */
@State(Scope.Benchmark)
public abstract class BaseModel {
    static final S2dConfig CONFIG = S2dConfig.base(7);
    static final Shape CLIP = clip(CONFIG);
    static final Shape MAPS = maps(CONFIG);

    @Param({"FP32", "BF16"})
    public Precision precision = Precision.FP32;

    @Param("0")
    public int threads;

    Device device;
    S2dModel model;
    private Reference reference;
    private org.s2d.tensor.Scope scope;
    private Tensor x;
    private Tensor a;

    /** Clips of the batch. */
    abstract int clips();

    /** Sizes of the model and of its clips. */
    S2dConfig config() {
        return CONFIG;
    }

    /** File of {@link Reference}. */
    String reference() {
        return "s2d_base.json";
    }

    private static Shape clip(S2dConfig config) {
        return Shape.of(3, config.frames(), config.imageSize(), config.imageSize());
    }

    /** Landmark maps of a clip's frames, as large as the grid of patches. */
    private static Shape maps(S2dConfig config) {
        int grid = config.imageSize() / config.patchSize();
        return Shape.of(config.frames(), config.landmarkChannels(), grid, grid);
    }

    /** All processors, unless a number is given. */
    static int threads(int given) {
        return given > 0 ? given : Runtime.getRuntime().availableProcessors();
    }

    @Setup(Level.Trial)
    public void create() throws IOException {
        HostPool pool = new HostPool();
        device = new CpuDevice(pool, threads(threads));
        scope = new org.s2d.tensor.Scope(pool);
        model = new S2dModel(ParameterFactory.undefined(device, scope), config());
        for (Parameter parameter : model.parameters().values()) {
            device.upload(parameter.value(), Formula.values(parameter.name(), parameter.shape()));
            parameter.changed();
        }
        FreezeRule.S2D.apply(model);
        Shape clip = clip(config());
        Shape maps = maps(config());
        x = copies("x", clip, Shape.of(clips(), clip.dim(0), clip.dim(1), clip.dim(2), clip.dim(3)));
        a = copies("a", maps, Shape.of(clips() * maps.dim(0), maps.dim(1), maps.dim(2), maps.dim(3)));
        reference = new Reference(precision, reference());
    }

    private Tensor copies(String name, Shape one, Shape all) {
        Tensor tensor = scope.allocate(DType.F32, all);
        float[] values = Formula.values(name, one);
        for (int i = 0; i < clips(); i++) {
            int rows = all.dim(0) / clips();
            device.upload(tensor.narrow(0, i * rows, rows), values);
        }
        return tensor;
    }

    /** A call computes all clips, with so many operations each. */
    void describe(Work work, double flopsPerClip) {
        work.items(clips()).flops(clips() * flopsPerClip, Ceiling.product(precision, threads));
    }

    @TearDown(Level.Trial)
    public void close() {
        scope.close();
        device.close();
    }

    /** Class scores of the clips. */
    float[] forward() {
        try (Tape tape = Tape.evaluating(device, precision, Gradients.NONE)) {
            return logits(tape).value().toFloats();
        }
    }

    /** With landmark maps of zeros from now on, as where there is no landmark network. */
    float[] forwardWithoutLandmarks() {
        device.elementwise().fill(a, 0);
        return forward();
    }

    private Var logits(Tape tape) {
        return logits(tape, Part.WHOLE);
    }

    private Var logits(Tape tape, Part part) {
        return model.forward(tape, tape.constant(part.of(x)), tape.constant(part.of(a)))
                .logits();
    }

    /** Forward and backward, {@code atOnce} clips together; gradients add up in the parameters. Returns the mean loss. */
    float gradients(int atOnce) {
        model.parameters().values().forEach(Parameter::zeroGrad);
        float loss = 0;
        for (int first = 0; first < clips(); first += atOnce) {
            loss += gradients(new Part(first, Math.min(atOnce, clips() - first), clips()));
        }
        return loss;
    }

    private float gradients(Part part) {
        try (Tape tape = Tape.evaluating(device, precision, Gradients.RECORD)) {
            long[] labels = new long[part.count()];
            Arrays.fill(labels, reference.label());
            Var mean = Arithmetic.mean(tape, CrossEntropy.ofLabels(tape, logits(tape, part), labels, 0.1), 0);
            Var share = Arithmetic.scale(tape, mean, part.share());
            tape.backward(share);
            return share.value().toFloats()[0];
        }
    }

    void checkForward() {
        reference.checkLogits(forward(), config());
    }

    void checkGradients(int atOnce) {
        reference.checkGradients(gradients(atOnce), name -> {
            Parameter parameter = model.parameters().get(name);
            Tensor grad = parameter == null ? null : parameter.grad();
            return grad == null ? Double.NaN : device.optimizers().norm(List.of(grad));
        });
    }
}

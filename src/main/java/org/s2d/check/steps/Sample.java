package org.s2d.check.steps;

import java.util.Arrays;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.CrossEntropy;
import org.s2d.check.Size;
import org.s2d.device.Device;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.optim.AdamW;
import org.s2d.optim.ParameterGroups;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.train.step.FreezeRule;

/**
 * A model with formula weights, as the authors fine-tune it but without dropout, and a batch for it, all on one device: what
 * tools/pytorch_peer.py has under the same names.
 */
final class Sample implements AutoCloseable {
    static final double SMOOTHING = 0.1;
    static final double LEARNING_RATE = 1e-5;
    static final double WEIGHT_DECAY = 0.05;

    private static final int CLASSES = 7;
    private static final int LABEL = 3;

    final Device device;
    final S2dModel model;
    final AdamW optimizer;
    final Tensor x;
    final Tensor a;
    final long[] labels;
    /** The labels on the device. */
    private final Tensor classes;

    private final Precision precision;
    private final Scope scope;
    private long steps;

    Sample(Device device, Precision precision, Size size) {
        this.device = device;
        this.precision = precision;
        scope = new Scope(device.allocator());
        S2dConfig config = config(size);
        int clips = size == Size.BASE ? 8 : 2;
        model = new S2dModel(ParameterFactory.root(device, scope, 0), config);
        for (Parameter parameter : model.parameters().values()) {
            device.upload(parameter.value(), Formula.values(parameter.name(), parameter.shape()));
            parameter.changed();
        }
        FreezeRule.S2D.apply(model);
        optimizer = new AdamW(ParameterGroups.of(model.parameters().values()), AdamW.Options.DEFAULT, device, scope);
        int side = config.imageSize();
        int grid = side / config.patchSize();
        x = input("x", Shape.of(clips, 3, config.frames(), side, side));
        a = input("a", Shape.of(clips * config.frames(), config.landmarkChannels(), grid, grid));
        labels = new long[clips];
        Arrays.fill(labels, LABEL);
        classes = scope.allocate(device.floatType(), Shape.of(clips));
        device.elementwise().fill(classes, LABEL);
    }

    /** {@code SIZES} of tools/pytorch_peer.py. */
    static S2dConfig config(Size size) {
        S2dConfig base = S2dConfig.base(CLASSES).toBuilder().headDropout(0).build();
        return switch (size) {
            case BASE -> base;
            case TINY ->
                base.toBuilder()
                        .imageSize(32)
                        .embedDim(64)
                        .depth(2)
                        .heads(4)
                        .frames(4)
                        .landmarkChannels(16)
                        .build();
        };
    }

    private Tensor input(String name, Shape shape) {
        Tensor tensor = scope.allocate(device.floatType(), shape);
        device.upload(tensor, Formula.values(name, shape));
        return tensor;
    }

    /** Class scores [B, C], on the device; they live until the tape closes. */
    Tensor logits(Tape tape) {
        return model.forward(tape, tape.constant(x), tape.constant(a)).logits().value();
    }

    Tape inferring() {
        return Tape.evaluating(device, precision, Gradients.NONE);
    }

    /** Forward, backward and update; nothing is read back. */
    void step() {
        optimizer.zeroGrad();
        try (Tape tape = Tape.training(device, precision, Gradients.RECORD, steps++)) {
            tape.backward(loss(tape));
        }
        optimizer.step(LEARNING_RATE, WEIGHT_DECAY, 1);
    }

    /** The loss before a step. */
    double currentLoss() {
        try (Tape tape = inferring()) {
            return read(loss(tape).value())[0];
        }
    }

    private Var loss(Tape tape) {
        Var logits = model.forward(tape, tape.constant(x), tape.constant(a)).logits();
        return Arithmetic.mean(tape, CrossEntropy.ofLabels(tape, logits, classes, SMOOTHING), 0);
    }

    /** A tensor of the device as numbers. */
    double[] read(Tensor tensor) {
        try (HostPool pool = new HostPool();
                Scope host = new Scope(pool)) {
            Tensor read = host.allocate(DType.F64, tensor.shape());
            device.download(read, tensor);
            return read.toDoubles();
        }
    }

    @Override
    public void close() {
        scope.close();
    }
}

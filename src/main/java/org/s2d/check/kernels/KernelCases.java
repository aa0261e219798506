package org.s2d.check.kernels;

import static org.s2d.check.kernels.Operand.Role.PREPARED;
import static org.s2d.check.kernels.Operand.Role.READ;
import static org.s2d.check.kernels.Operand.Role.UPDATED;
import static org.s2d.check.kernels.Operand.Role.WRITTEN;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.s2d.check.Size;
import org.s2d.device.ClipPlan;
import org.s2d.device.ClipPlan.Box;
import org.s2d.device.ClipPlan.Mix;
import org.s2d.device.Convolutions.Interpolation;
import org.s2d.device.Device;
import org.s2d.device.Elementwise.Binary;
import org.s2d.device.Elementwise.Unary;
import org.s2d.device.Losses.Anchors;
import org.s2d.device.Optimizers.AdamWStep;
import org.s2d.device.Optimizers.Slot;
import org.s2d.device.PreparedAdamW;
import org.s2d.device.ResidualSum;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** The kernels of a training step that move data; what multiplies matrices is in {@link ProductCases}. */
final class KernelCases {
    private static final int ROWS = 32;
    private static final double EPS = 1e-6;
    private static final int SLOTS = 200;
    private static final int CLASSES = 7;
    private static final int ANCHORS = 100;

    private final Sizes s;

    private KernelCases(Sizes sizes) {
        s = sizes;
    }

    /** Everything that is timed, the ceilings first. */
    static List<KernelCase> all(Size size) {
        return all(Sizes.of(size));
    }

    static List<KernelCase> all(Sizes sizes) {
        KernelCases cases = new KernelCases(sizes);
        List<KernelCase> all = new ArrayList<>(ProductCases.ceilings(sizes));
        for (DType type : List.of(DType.BF16, DType.F32)) {
            all.addAll(AttentionCases.of(sizes, type));
            Stream.of(cases.normalization(type), cases.elementwise(type), cases.images(type))
                    .forEach(all::addAll);
            all.addAll(PrompterCases.of(sizes, type));
            all.addAll(ProductCases.ofModel(sizes, type));
        }
        all.addAll(AttentionCases.of(sizes, DType.F16));
        all.addAll(cases.losses());
        all.add(cases.optimizer());
        return all;
    }

    private List<KernelCase> normalization(DType type) {
        int rows = s.rows();
        int width = s.width();
        KernelCase forward = KernelCase.of("layer norm, forward", type)
                .activation("x", READ, rows, width)
                .activation("y", WRITTEN, rows, width)
                .plain("mean", WRITTEN, rows)
                .plain("rstd", WRITTEN, rows)
                .checkedRows(ROWS)
                .plain("weight", READ, width)
                .plain("bias", READ, width)
                .run(KernelCases::layerNorm);
        KernelCase backward = KernelCase.of("layer norm with residual, backward", type)
                .activation("x", READ, rows, width)
                .activation("gradY", READ, rows, width)
                .activation("around", READ, rows, width)
                .activation("gradX", WRITTEN, rows, width)
                .plain("mean", PREPARED, rows)
                .plain("rstd", PREPARED, rows)
                .plain("weight", READ, width)
                .plain("bias", READ, width)
                .plain("gradWeight", WRITTEN, width)
                .plain("gradBias", WRITTEN, width)
                .prepare((device, t) -> device.normalization()
                        .layerNorm(
                                t.get("gradX"),
                                t.get("mean"),
                                t.get("rstd"),
                                t.get("x"),
                                t.get("weight"),
                                t.get("bias"),
                                EPS))
                .run((device, t) -> device.normalization()
                        .layerNormBackward(
                                t.get("gradX"),
                                t.get("gradWeight"),
                                t.get("gradBias"),
                                t.get("gradY"),
                                t.get("x"),
                                t.get("mean"),
                                t.get("rstd"),
                                t.get("weight"),
                                t.get("around")));
        int scores = s.images() * s.heads() * s.tokens();
        KernelCase softmax = KernelCase.of("softmax, forward", type)
                .activation("x", READ, scores, s.tokens())
                .activation("y", WRITTEN, scores, s.tokens())
                .checkedRows(ROWS)
                .run((device, t) -> device.normalization().softmax(t.get("y"), t.get("x")));
        KernelCase softmaxBackward = KernelCase.of("softmax, backward", type)
                .activation("y", PREPARED, scores, s.tokens())
                .activation("gradY", READ, scores, s.tokens())
                .activation("gradX", WRITTEN, scores, s.tokens())
                .checkedRows(ROWS)
                .prepare((device, t) -> device.normalization().softmax(t.get("y"), t.get("gradY")))
                .run((device, t) -> device.normalization().softmaxBackward(t.get("gradX"), t.get("y"), t.get("gradY")));
        return List.of(forward, sumLayerNorm(type), backward, softmax, softmaxBackward);
    }

    /** As between the branches of a block: the residual stream is in F32. */
    private KernelCase sumLayerNorm(DType type) {
        int[] stream = {s.images(), s.tokens(), s.width()};
        return KernelCase.of("residual addition and layer norm, forward", type)
                .plain("x", READ, stream)
                .plain("sum", WRITTEN, stream)
                .activation("branch", READ, stream)
                .activation("y", WRITTEN, stream)
                .checkedRows(1)
                .plain("weight", READ, s.width())
                .plain("bias", READ, s.width())
                .run((device, t) -> device.normalization()
                        .sumLayerNorm(
                                t.get("y"),
                                t.get("sum"),
                                null,
                                null,
                                new ResidualSum(t.get("x"), 0, List.of(t.get("branch")), null),
                                t.get("weight"),
                                t.get("bias"),
                                EPS));
    }

    private static void layerNorm(Device device, Tensors t) {
        device.normalization()
                .layerNorm(t.get("y"), t.get("mean"), t.get("rstd"), t.get("x"), t.get("weight"), t.get("bias"), EPS);
    }

    private List<KernelCase> elementwise(DType type) {
        int rows = s.rows();
        KernelCase gelu = KernelCase.of("GELU, forward", type)
                .activation("x", READ, rows, s.hidden())
                .activation("y", WRITTEN, rows, s.hidden())
                .checkedRows(ROWS)
                .run((device, t) -> device.elementwise().unary(Unary.GELU, t.get("y"), t.get("x")));
        KernelCase geluBackward = KernelCase.of("GELU, backward", type)
                .activation("x", READ, rows, s.hidden())
                .activation("gradY", READ, rows, s.hidden())
                .activation("gradX", WRITTEN, rows, s.hidden())
                .checkedRows(ROWS)
                .run((device, t) ->
                        device.elementwise().unaryBackward(Unary.GELU, t.get("gradX"), t.get("x"), t.get("gradY")));
        KernelCase add = KernelCase.of("residual addition", type)
                .activation("x", READ, rows, s.width())
                .activation("branch", READ, rows, s.width())
                .activation("sum", WRITTEN, rows, s.width())
                .checkedRows(ROWS)
                .run((device, t) -> device.elementwise().binary(Binary.ADD, t.get("sum"), t.get("x"), t.get("branch")));
        KernelCase bias = KernelCase.of("gradient of a bias", type)
                .activation("gradY", READ, rows, s.width())
                .plain("gradBias", WRITTEN, s.width())
                .run((device, t) -> device.elementwise().sumTo(t.get("gradBias"), t.get("gradY")));
        KernelCase cast = KernelCase.of("conversion from fp32", type)
                .plain("x", READ, rows, s.width())
                .activation("y", WRITTEN, rows, s.width())
                .checkedRows(ROWS)
                .run((device, t) -> device.elementwise().copy(t.get("y"), t.get("x")));
        return List.of(gelu, geluBackward, add, bias, cast);
    }

    private List<KernelCase> images(DType type) {
        int pixels = s.side() * s.patch();
        KernelCase patches = KernelCase.of("patches of frames", type)
                .plain("x", READ, s.clips(), 3, s.frames(), pixels, pixels)
                .activation("y", WRITTEN, s.clips(), s.frames(), s.side(), s.side(), 3, s.patch(), s.patch())
                .checkedRows(1)
                .run((device, t) -> device.elementwise()
                        .copy(
                                t.get("y"),
                                t.get("x")
                                        .unflatten(4, s.side(), s.patch())
                                        .unflatten(3, s.side(), s.patch())
                                        .permute(0, 2, 3, 5, 1, 4, 6)));
        KernelCase resize = KernelCase.of("resize to half", type)
                .activation("x", READ, s.images(), 3, pixels, pixels)
                .activation("y", WRITTEN, s.images(), 3, pixels / 2, pixels / 2)
                .checkedRows(1)
                .run((device, t) -> device.convolutions().resize(t.get("y"), t.get("x"), Interpolation.BILINEAR, true));
        return List.of(clips(type, pixels), patches, resize);
    }

    /** Every row crops, mirrors and is blended with its partner, so that all there is to read is read. */
    private KernelCase clips(DType type, int pixels) {
        return KernelCase.of("clips from bytes", type)
                .bytes("frames", s.clips(), s.frames(), pixels, pixels, 3)
                .activation("y", WRITTEN, s.clips(), 3, s.frames(), pixels, pixels)
                .checkedRows(1)
                .binding((device, scope, t) -> {
                    Tensor y = t.get("y");
                    Box crop = new Box(1, 2, pixels - 1, pixels - 2);
                    Mix blend = new Mix(0, s.frames(), new Box(0, 0, pixels, pixels), 0.25f, 0.75f);
                    Tensor plans = scope.allocate(DType.I64, Shape.of(y.dim(0), ClipPlan.WORDS));
                    Tensor values = scope.allocate(device.floatType(), Shape.of(0));
                    try (HostPool pool = new HostPool();
                            Scope host = new Scope(pool)) {
                        Tensor written = host.allocate(DType.I64, plans.shape());
                        ClipPlan plan = new ClipPlan(crop, true, Box.NONE, 0, blend);
                        ClipPlan.write(written, Collections.nCopies(y.dim(0), plan));
                        device.upload(plans, written);
                    }
                    return () -> device.frames().clips(y, t.get("frames"), plans, values, true);
                });
    }

    /** A million rows, so that there is something to time; a real batch has eight. */
    private List<KernelCase> losses() {
        int rows = s.parameters() / 9;
        KernelCase crossEntropy = KernelCase.of("cross-entropy, forward", DType.F32)
                .activation("logits", READ, rows, CLASSES)
                .activation("target", READ, rows, CLASSES)
                .plain("loss", WRITTEN, rows)
                .checkedRows(ROWS)
                .run((device, t) -> device.losses().crossEntropy(t.get("loss"), t.get("logits"), t.get("target")));
        KernelCase backward = KernelCase.of("cross-entropy, backward", DType.F32)
                .activation("logits", READ, rows, CLASSES)
                .activation("target", READ, rows, CLASSES)
                .activation("gradLogits", WRITTEN, rows, CLASSES)
                .plain("gradLoss", READ, rows)
                .checkedRows(ROWS)
                .run((device, t) -> device.losses()
                        .crossEntropyBackward(
                                t.get("gradLogits"), t.get("gradLoss"), t.get("logits"), t.get("target")));
        KernelCase anchors = KernelCase.of("self-distillation loss", DType.F32)
                .activation("logits", READ, s.clips(), CLASSES)
                .activation("feature", READ, s.clips(), s.width())
                .plain("loss", WRITTEN, s.clips())
                .plain("target", WRITTEN, s.clips(), CLASSES)
                .plain("queue", READ, CLASSES, ANCHORS, s.width())
                .positive("distribution", READ, CLASSES, ANCHORS, CLASSES)
                .run((device, t) -> device.losses()
                        .anchorLoss(
                                t.get("loss"),
                                t.get("target"),
                                t.get("logits"),
                                t.get("feature"),
                                new Anchors(t.get("queue"), t.get("distribution")),
                                2));
        return List.of(crossEntropy, backward, anchors);
    }

    private KernelCase optimizer() {
        int count = s.parameters();
        return KernelCase.of("AdamW, " + SLOTS + " tensors", DType.F32)
                .plain("parameter", UPDATED, count)
                .plain("expAvg", UPDATED, count)
                .positive("expAvgSq", UPDATED, count)
                .plain("gradient", READ, count)
                .binding((device, scope, t) -> {
                    List<Slot> slots = new ArrayList<>();
                    List<PreparedAdamW.Rate> rates = new ArrayList<>();
                    int part = count / SLOTS;
                    for (int i = 0; i < SLOTS; i++) {
                        slots.add(new Slot(
                                t.get("parameter").narrow(0, i * part, part),
                                t.get("gradient").narrow(0, i * part, part),
                                t.get("expAvg").narrow(0, i * part, part),
                                t.get("expAvgSq").narrow(0, i * part, part),
                                0,
                                0));
                        rates.add(new PreparedAdamW.Rate(3, 1e-3, i % 2 == 0 ? 0.05 : 0));
                    }
                    Tensor factor = scope.allocate(DType.F64, Shape.of(1));
                    device.upload(factor, 1);
                    PreparedAdamW prepared =
                            device.optimizers().prepare(scope, slots, new AdamWStep(1, 0.9, 0.999, 1e-8, 1));
                    prepared.rates(rates);
                    return () -> prepared.update(factor);
                });
    }
}

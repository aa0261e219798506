package org.s2d.check.conformance;

import static org.s2d.check.conformance.Input.bytes;
import static org.s2d.check.conformance.Input.normal;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.ClipPlan;
import org.s2d.device.ClipPlan.Box;
import org.s2d.device.ClipPlan.Mix;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Clips out of frames, by plans in which everything happens. Operands: pixels [B, T, H, W, 3], and values for erased boxes. */
final class FrameEntries {
    private FrameEntries() {}

    static List<OpEntry> entries() {
        return List.of(
                bytesTo("clips of bytes", true)
                        .error("expected pixels [B, T, H, W, 3]", pixels(2, 1, 4, 5, 4), values(2, 1, 4, 5)),
                bytesTo("clips of bytes, unmixed", false),
                OpEntry.of(
                                "clips of normalised pixels",
                                (tape, in) ->
                                        clips(tape, in.get(0).value(), in.get(1).value(), true))
                        .sample(floats(4, 3, 6, 5), values(4, 3, 6, 5))
                        .sample(floats(1, 1, 1, 1), values(1, 1, 1, 1))
                        .sample(floats(0, 2, 4, 4), values(0, 2, 4, 4))
                        .large(floats(3, 2, 61, 47), values(3, 2, 61, 47)));
    }

    private static OpEntry bytesTo(String name, boolean mixed) {
        return OpEntry.of(
                        name,
                        (tape, in) -> clips(
                                tape,
                                asBytes(tape, in.get(0).value()),
                                in.get(1).value(),
                                mixed))
                .sample(pixels(5, 2, 9, 7, 3), values(5, 2, 9, 7))
                .sample(pixels(4, 1, 5, 8, 3), values(4, 1, 5, 8))
                .sample(pixels(1, 1, 1, 1, 3), values(1, 1, 1, 1))
                .sample(pixels(0, 2, 4, 4, 3), values(0, 2, 4, 4))
                .large(pixels(3, 2, 61, 47, 3), values(3, 2, 61, 47));
    }

    private static Input pixels(int... dims) {
        return bytes(dims).parameter().constant();
    }

    private static Input floats(int rows, int frames, int height, int width) {
        return normal(rows, frames, height, width, 3).parameter().constant();
    }

    /** As many as the plans for such frames erase with. */
    private static Input values(int... dims) {
        int count = 0;
        for (ClipPlan plan : plans(clipsOf(Shape.of(dims)), Shape.of(dims))) {
            count += erasedValues(plan, dims[1]);
        }
        return normal(count).parameter().constant();
    }

    private static int erasedValues(ClipPlan plan, int frames) {
        return 3 * frames * plan.erased().height() * plan.erased().width();
    }

    /** Lower and wider than the frames. */
    private static Shape clipsOf(Shape pixels) {
        return Shape.of(pixels.dim(0), 3, pixels.dim(1), (3 * pixels.dim(2) + 3) / 4, pixels.dim(3) + 2);
    }

    /** Drawn by a fixed seed: boxes, mirrored rows, and rows that are blended, cut, left alone, and blended in a part, in turn. */
    private static List<ClipPlan> plans(Shape clips, Shape pixels) {
        Random random = new Random(13);
        List<ClipPlan> plans = new ArrayList<>();
        long values = 0;
        for (int b = 0; b < clips.dim(0); b++) {
            Box crop = box(random, pixels.dim(2), pixels.dim(3));
            Box erased = b % 2 == 0 ? box(random, clips.dim(3), clips.dim(4)) : Box.NONE;
            plans.add(new ClipPlan(crop, b % 3 != 1, erased, values, mix(random, b, clips)));
            values += erasedValues(plans.getLast(), clips.dim(2));
        }
        return plans;
    }

    private static Mix mix(Random random, int b, Shape clips) {
        int frames = clips.dim(2);
        int first = random.nextInt(frames);
        Box part = box(random, clips.dim(3), clips.dim(4));
        return switch (b % 4) {
            case 0 -> new Mix(0, frames, new Box(0, 0, clips.dim(3), clips.dim(4)), 0.375f, 0.625f);
            case 1 -> new Mix(first, frames - first, part, 0, 1);
            case 2 -> Mix.NONE;
            default -> new Mix(first, 1, part, 0.25f, 0.75f);
        };
    }

    private static Box box(Random random, int height, int width) {
        int boxHeight = 1 + random.nextInt(height);
        int boxWidth = 1 + random.nextInt(width);
        return new Box(
                random.nextInt(height - boxHeight + 1), random.nextInt(width - boxWidth + 1), boxHeight, boxWidth);
    }

    private static Var clips(Tape tape, Tensor pixels, Tensor values, boolean mixed) {
        Shape shape = clipsOf(pixels.shape());
        Tensor plans = tape.allocate(DType.I64, Shape.of(pixels.dim(0), ClipPlan.WORDS));
        onHost(DType.I64, plans.shape(), host -> {
            ClipPlan.write(host, plans(shape, pixels.shape()));
            tape.device().upload(plans, host);
        });
        Tensor out = tape.allocate(tape.computeType(), shape);
        tape.device().frames().clips(out, pixels, plans, values, mixed);
        return tape.constant(out);
    }

    /** By way of the host, as no device converts to bytes. */
    private static Tensor asBytes(Tape tape, Tensor pixels) {
        Tensor bytes = tape.allocate(DType.U8, pixels.shape());
        onHost(DType.F64, pixels.shape(), numbers -> {
            tape.device().download(numbers, pixels);
            onHost(DType.U8, pixels.shape(), host -> {
                for (long i = 0; i < host.numel(); i++) {
                    host.setDouble(i, Math.rint(numbers.getDouble(i)));
                }
                tape.device().upload(bytes, host);
            });
        });
        return bytes;
    }

    /** Lends a host tensor. */
    private static void onHost(DType type, Shape shape, Consumer<Tensor> use) {
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool)) {
            use.accept(scope.allocate(type, shape));
        }
    }
}

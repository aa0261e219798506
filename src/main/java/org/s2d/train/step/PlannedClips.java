package org.s2d.train.step;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.s2d.data.Batch;
import org.s2d.data.FrameClip;
import org.s2d.data.augment.CropBox;
import org.s2d.data.augment.ErasePatch;
import org.s2d.data.augment.Mixup;
import org.s2d.data.augment.TrainDecisions;
import org.s2d.data.image.Image;
import org.s2d.device.ClipPlan;
import org.s2d.device.ClipPlan.Box;
import org.s2d.device.ClipPlan.Mix;
import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * Clips before a device makes them: pixels in host memory, and what happens to each row on the way.
 *
 * @param pixels [B, T, H, W, 3]: bytes, or floating numbers that are normalised already
 * @param shape of the clips, [B, 3, T, h, w]
 * @param plans one for each row
 * @param values what is written to the erased boxes, in the order of the plans that have one
 */
public record PlannedClips(Tensor pixels, Shape shape, List<ClipPlan> plans, List<float[]> values) {
    public PlannedClips {
        plans = List.copyOf(plans);
        values = List.copyOf(values);
        long count = countOf(values);
        plans.forEach(plan -> plan.requireFits(shape, pixels.shape(), count));
    }

    /** Frames as they are, at the size they have. */
    public static PlannedClips whole(Tensor pixels) {
        return of(pixels, Collections.nCopies(pixels.dim(0), TrainDecisions.NONE), pixels.dim(2), pixels.dim(3));
    }

    /** Clips that are there already: [B, 3, T, H, W]. */
    public static PlannedClips made(Tensor clips) {
        return whole(clips.permute(0, 2, 3, 4, 1));
    }

    /** One clip; its pixels live in the scope. */
    public static PlannedClips of(FrameClip clip, Scope host, int height, int width) {
        Image first = clip.frames().getFirst();
        Tensor pixels = host.allocate(DType.U8, Shape.of(1, clip.frames().size(), first.height(), first.width(), 3));
        clip.copyTo(pixels.data());
        return of(pixels, List.of(clip.decisions()), height, width);
    }

    /** A loader's batch as square clips. */
    public static PlannedClips of(Batch batch, int size) {
        return of(batch.frames(), batch.decisions(), size, size);
    }

    /**
     * Clips of some height and width.
     *
     * @param decisions for each row; their operations are done
     */
    public static PlannedClips of(Tensor pixels, List<TrainDecisions> decisions, int height, int width) {
        List<ClipPlan> plans = new ArrayList<>();
        List<float[]> values = new ArrayList<>();
        Box whole = new Box(0, 0, pixels.dim(2), pixels.dim(3));
        for (TrainDecisions row : decisions) {
            ErasePatch patch = row.erase().orElse(null);
            Box erased = patch == null ? Box.NONE : new Box(patch.top(), patch.left(), patch.height(), patch.width());
            Box crop = row.crop().map(PlannedClips::box).orElse(whole);
            plans.add(new ClipPlan(crop, row.flip(), erased, countOf(values), Mix.NONE));
            if (patch != null) {
                values.add(patch.values());
            }
        }
        return new PlannedClips(pixels, Shape.of(pixels.dim(0), 3, pixels.dim(1), height, width), plans, values);
    }

    private static Box box(CropBox box) {
        return new Box(box.top(), box.left(), box.height(), box.width());
    }

    private static long countOf(List<float[]> values) {
        return values.stream().mapToLong(row -> row.length).sum();
    }

    /** The clips as a device makes them, in host memory. */
    public Tensor madeBy(Device device, Scope host) {
        try (Scope scope = new Scope(device.allocator())) {
            Tensor made = host.allocate(device.floatType(), shape);
            device.download(made, madeOn(device, scope, host));
            return made;
        }
    }

    /** The same in the device's memory. */
    public Tensor madeOn(Device device, Scope scope, Scope host) {
        Tensor clips = scope.allocate(device.floatType(), shape);
        ClipPlace.of(device, scope, host, this).make(clips, true);
        return clips;
    }

    /** How many numbers {@link #values} holds. */
    long valueCount() {
        return countOf(values);
    }

    /** The same, mixed. */
    public PlannedClips mixed(Mixup.Decisions decisions) {
        List<ClipPlan> mixed = IntStream.range(0, plans.size())
                .mapToObj(row -> {
                    ClipPlan plan = plans.get(row);
                    Mix mix = mix(decisions.of(row, plans.size()), decisions.cutsTime());
                    return new ClipPlan(plan.crop(), plan.flip(), plan.erased(), plan.firstValue(), mix);
                })
                .toList();
        return new PlannedClips(pixels, shape, mixed, values);
    }

    private Mix mix(Mixup.Mix decided, boolean cutsTime) {
        int frames = shape.dim(2);
        int height = shape.dim(3);
        int width = shape.dim(4);
        if (decided.box().isEmpty()) {
            float weight = (float) decided.weight();
            return weight == 1
                    ? Mix.NONE
                    : new Mix(0, frames, new Box(0, 0, height, width), weight, (float) (1 - decided.weight()));
        }
        CropBox box = decided.box().get();
        if (!cutsTime) {
            return new Mix(0, frames, box(box), 0, 1);
        }
        int first = Math.min(box.top(), frames);
        int top = Math.min(box.left(), height);
        Box lines = new Box(top, 0, Math.min(box.width(), height - top), width);
        return new Mix(first, Math.min(box.height(), frames - first), lines, 0, 1);
    }
}

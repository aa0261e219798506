package org.s2d.train.step;

import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.ClipPlan;
import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Where pixels and plans of clips come to a device, in memory that keeps its place, so that making the clips can be recorded. */
final class ClipPlace {
    /** What has a fixed size: shapes of clips and pixels, and whether these are bytes. */
    record Form(Shape clips, Shape pixels, boolean bytes) {
        static Form of(PlannedClips clips) {
            return new Form(
                    clips.shape(), clips.pixels().shape(), clips.pixels().dtype() == DType.U8);
        }
    }

    private final Device device;
    private final Shape shape;
    private final Tensor pixels;
    private final Tensor plans;
    private final Tensor hostPlans;
    private final Tensor values;

    /**
     * Takes the memory.
     *
     * @param scope on the device
     * @param mostValues what is erased with at most so many numbers
     */
    ClipPlace(Device device, Scope scope, Scope host, Form form, long mostValues) {
        this.device = device;
        shape = form.clips();
        pixels = scope.allocate(form.bytes() ? DType.U8 : device.floatType(), form.pixels());
        plans = scope.allocate(DType.I64, Shape.of(shape.dim(0), ClipPlan.WORDS));
        hostPlans = host.allocate(DType.I64, plans.shape());
        values = scope.allocate(device.floatType(), Shape.of(Math.toIntExact(mostValues)));
    }

    /** A place for these clips alone, filled. */
    static ClipPlace of(Device device, Scope scope, Scope host, PlannedClips clips) {
        ClipPlace place = new ClipPlace(device, scope, host, Form.of(clips), clips.valueCount());
        place.fill(clips);
        return place;
    }

    /** Puts clips of this form in place. They are read before this returns. */
    void fill(PlannedClips clips) {
        fill(clips, null);
    }

    /** The same with pixels that are on the device already. */
    void fill(PlannedClips clips, @Nullable Tensor arrived) {
        if (arrived == null) {
            device.upload(pixels, clips.pixels());
        } else {
            device.elementwise().copy(pixels, arrived);
        }
        ClipPlan.write(hostPlans, clips.plans());
        device.upload(plans, hostPlans);
        int at = 0;
        for (float[] row : clips.values()) {
            device.upload(values.narrow(0, at, row.length), row);
            at += row.length;
        }
    }

    /** Makes the clips, mixed as planned or not; they live until the tape closes. */
    Var make(Tape tape, boolean mixed) {
        return tape.constant(make(tape.scope(), mixed));
    }

    /** The same, in a scope. */
    Tensor make(Scope scope, boolean mixed) {
        Tensor clips = scope.allocate(device.floatType(), shape);
        make(clips, mixed);
        return clips;
    }

    /** Makes the clips, mixed as planned or not. */
    void make(Tensor out, boolean mixed) {
        device.frames().clips(out, pixels, plans, values, mixed);
    }
}

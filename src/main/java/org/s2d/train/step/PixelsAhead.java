package org.s2d.train.step;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Storage;
import org.s2d.tensor.Tensor;

/** Pixels of the next step, copied to the device while it computes this one. Two places in turn, as one may still be read. */
final class PixelsAhead {
    private final Device device;
    private final Tensor[] places = new Tensor[2];
    private int turn;
    private boolean ready;
    private @Nullable Storage copied;

    PixelsAhead(Device device, Scope scope, Shape shape) {
        this.device = device;
        for (int i = 0; i < places.length; i++) {
            places[i] = scope.allocate(DType.U8, shape);
        }
    }

    /**
     * Begins to copy what will probably be asked for next. A step starts at most one copy, after its work is enqueued and before the host waits
     * for it. The first call does nothing: work before it may still use memory that is now ours.
     */
    void start(Tensor next) {
        Tensor place = places[turn ^ 1];
        if (ready && next.shape().equals(place.shape()) && next.dtype() == place.dtype()) {
            turn ^= 1;
            device.uploadAhead(place, next);
            copied = next.storage();
        }
        ready = true;
    }

    /** These pixels on the device, if they were copied ahead. */
    @Nullable
    Tensor arrived(Tensor pixels) {
        boolean known = copied == pixels.storage();
        copied = null;
        return known ? places[turn] : null;
    }
}

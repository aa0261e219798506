package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Convolutions;
import org.s2d.device.Convolutions.Interpolation;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * Images in another size by bilinear or bicubic (a = -0.75) interpolation, no antialiasing; scale from the sizes.
 *
 * <p>Shapes: x [B, C, H, W], y [B, C, height, width]. Linear in x, so nothing is kept. Memory-bound. Source:
 * torch.nn.functional.interpolate.
 */
public final class Resize {
    private Resize() {}

    public static Var apply(Tape tape, Var x, int height, int width, Interpolation mode, boolean alignCorners) {
        if (x.shape().rank() != 4) {
            throw new ShapeException("resize: input " + x.shape() + ", expected [B, C, H, W]");
        }
        Convolutions kernels = tape.device().convolutions();
        Tensor y = tape.allocate(x.value().dtype(), Shape.of(x.dim(0), x.dim(1), height, width));
        kernels.resize(y, tape.contiguous(x.value()), mode, alignCorners);
        if (!tape.needsGrad(x)) {
            return tape.constant(y);
        }
        return tape.record("resize", y, List.of(), gradOut -> {
            Tensor gradX = tape.allocate(x.value().dtype(), x.shape());
            kernels.resizeBackward(gradX, tape.contiguous(gradOut), mode, alignCorners);
            tape.accumulate(x, gradX);
        });
    }
}

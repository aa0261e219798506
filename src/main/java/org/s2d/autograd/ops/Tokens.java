package org.s2d.autograd.ops;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Elementwise;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * What a vision transformer does with tokens besides products: cutting frames into patches, adding class token and
 * embeddings, adding to all tokens but the class token. Memory-bound; nothing is kept.
 */
public final class Tokens {
    private Tokens() {}

    /**
     * Frames as rows of pixels per patch: x [B, C, T, H, W] to [B*T, (H/P)*(W/P), C*P*P], so that a strided convolution becomes
     * a matrix product.
     */
    public static Var patches(Tape tape, Var x, int patch) {
        int perFrame = x.shape().rank() == 5 ? x.dim(2) : 1;
        Var rows = tubelets(tape, x, 1, patch);
        return Views.reshape(tape, rows, x.dim(0) * perFrame, rows.dim(1) / perFrame, rows.dim(2));
    }

    /**
     * Clips as rows of pixels per tubelet, a patch of F neighbouring frames: x [B, C, T, H, W] to [B, (T/F)*(H/P)*(W/P), C*F*P*P], so that
     * a strided 3-d convolution becomes a matrix product.
     */
    public static Var tubelets(Tape tape, Var x, int frames, int patch) {
        if (x.shape().rank() != 5
                || frames <= 0
                || patch <= 0
                || x.dim(2) % frames != 0
                || x.dim(3) % patch != 0
                || x.dim(4) % patch != 0) {
            throw new ShapeException("patches: " + x.shape() + " is not [B, C, T, H, W] with sides divisible by "
                    + patch + (frames == 1 ? "" : " and T by " + frames));
        }
        Tensor view = tubeletView(x.value(), frames, patch).permute(0, 2, 4, 6, 1, 3, 5, 7);
        Tensor out = tape.allocate(x.value().dtype(), view.shape());
        tape.device().elementwise().copy(out, view);
        int numbers = x.dim(1) * frames * patch * patch;
        Shape flat = Shape.of(x.dim(0), view.dim(1) * view.dim(2) * view.dim(3), numbers);
        if (!tape.needsGrad(x)) {
            return tape.constant(out.reshape(flat));
        }
        return tape.record("patches", out.reshape(flat), List.of(), grad -> {
            Tensor gradX = tape.allocate(grad.dtype(), x.shape());
            Tensor source = tape.contiguous(grad).reshape(view.shape());
            Tensor target = tubeletView(gradX, frames, patch).permute(0, 2, 4, 6, 1, 3, 5, 7);
            tape.device().elementwise().copy(target, source);
            tape.accumulate(x, gradX);
        });
    }

    /** x [B, C, T, H, W] as [B, C, T/F, F, H/P, P, W/P, P]. */
    static Tensor tubeletView(Tensor clips, int frames, int patch) {
        return clips.unflatten(4, clips.dim(4) / patch, patch)
                .unflatten(3, clips.dim(3) / patch, patch)
                .unflatten(2, clips.dim(2) / frames, frames);
    }

    /**
     * {@code [cls; x] + positions + temporal[t]}: x [B*T, N, D], cls [1, 1, D], positions [1, N+1, D], temporal [1, T, D] or none;
     * result [B*T, N+1, D] in the float type.
     */
    public static Var assemble(Tape tape, Var x, Var cls, Var positions, @Nullable Var temporal) {
        int frames = x.dim(0);
        int tokens = x.dim(1);
        int width = x.dim(2);
        Shape shape = Shape.of(frames, tokens + 1, width);
        int clip = temporal == null ? 1 : temporal.dim(1);
        if (!positions.shape().equals(Shape.of(1, tokens + 1, width)) || frames % clip != 0) {
            throw new ShapeException("assemble: tokens " + x.shape() + " do not fit positions " + positions.shape()
                    + (temporal == null ? "" : " and temporal embedding " + temporal.shape()));
        }
        Tensor out = tape.allocate(tape.floatType(), shape);
        Elementwise kernels = tape.device().elementwise();
        kernels.binary(
                Elementwise.Binary.ADD,
                out.narrow(1, 1, tokens),
                x.value(),
                positions.value().narrow(1, 1, tokens));
        kernels.binary(
                Elementwise.Binary.ADD,
                out.narrow(1, 0, 1),
                cls.value(),
                positions.value().narrow(1, 0, 1));
        if (temporal != null) {
            kernels.addScaled(perClip(out, clip), perFrame(temporal.value()), 1);
        }
        if (!tape.needsGrad(x, cls, positions, temporal)) {
            return tape.constant(out);
        }
        return tape.record("assemble", out, List.of(), grad -> {
            tape.accumulate(x, grad.narrow(1, 1, tokens));
            tape.accumulate(cls, grad.narrow(1, 0, 1));
            tape.accumulate(positions, grad);
            if (temporal != null && temporal.requiresGrad()) {
                Tensor gradTemporal = tape.allocate(tape.floatType(), Shape.of(1, clip, 1, width));
                tape.device().elementwise().sumTo(gradTemporal, perClip(tape.contiguous(grad), clip));
                tape.accumulate(temporal, gradTemporal.reshape(temporal.shape()));
            }
        });
    }

    private static Tensor perClip(Tensor tokens, int frames) {
        return tokens.unflatten(0, tokens.dim(0) / frames, frames);
    }

    private static Tensor perFrame(Tensor temporal) {
        return temporal.unflatten(1, temporal.dim(1), 1);
    }

    /**
     * {@code x} with every addend added to all tokens but the first {@code skip} ones: x [F, skip+N, D], addends [F, N, D];
     * the result has the type of x.
     */
    public static Var addAfter(Tape tape, Var x, int skip, List<Var> addends) {
        int tokens = x.dim(1) - skip;
        Shape part = x.shape().with(1, tokens);
        Tensor out = tape.allocate(x.value().dtype(), x.shape());
        Elementwise kernels = tape.device().elementwise();
        kernels.copy(out.narrow(1, 0, skip), x.value().narrow(1, 0, skip));
        Tensor sum = x.value().narrow(1, skip, tokens);
        for (Var addend : addends) {
            if (!addend.shape().equals(part)) {
                throw new ShapeException("addAfter: " + addend.shape() + " does not fit " + part);
            }
            kernels.binary(Elementwise.Binary.ADD, out.narrow(1, skip, tokens), sum, addend.value());
            sum = out.narrow(1, skip, tokens);
        }
        Var[] operands = addends.toArray(new Var[addends.size() + 1]);
        operands[addends.size()] = x;
        if (!tape.needsGrad(operands)) {
            return tape.constant(out);
        }
        return tape.record("addAfter", out, List.of(), grad -> {
            tape.accumulate(x, grad);
            Tensor rest = grad.narrow(1, skip, tokens);
            addends.forEach(addend -> tape.accumulate(addend, rest));
        });
    }
}

package org.s2d.autograd.ops;

import org.s2d.autograd.Tape;
import org.s2d.device.TokenKernels.Standardise;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * What a masked auto-encoder is to predict: the pixels of every tubelet, un-normalised, then with mean 0 and unbiased variance 1.
 *
 * <p>Shapes: clips [B, C, T, H, W], scale and shift [C]; result [B, N, F*P*P*C], N = (T/F)*(H/P)*(W/P), numbers pixel by pixel with the
 * channels together, in the float type. Carries no gradient. Source: VideoMAE's normalised pixel loss.
 */
public final class PatchTargets {
    private PatchTargets() {}

    public static Tensor of(
            Tape tape, Tensor clips, int frames, int patch, Tensor scale, Tensor shift, Standardise standardise) {
        Tensor view = Tokens.tubeletView(clips, frames, patch).permute(0, 2, 4, 6, 3, 5, 7, 1);
        Tensor pixels = tape.allocate(tape.floatType(), view.shape());
        tape.device().elementwise().copy(pixels, view);
        int tokens = view.dim(1) * view.dim(2) * view.dim(3);
        int numbers = frames * patch * patch;
        int channels = clips.dim(1);
        Tensor rows = pixels.reshape(clips.dim(0) * tokens, numbers, channels);
        Tensor targets = tape.allocate(tape.floatType(), rows.shape());
        tape.device().tokens().patchTargets(targets, rows, scale, shift, standardise);
        return targets.reshape(Shape.of(clips.dim(0), tokens, numbers * channels));
    }
}

package org.s2d.model.s4d;

import org.s2d.tensor.UserException;

/**
 * Sizes of a masked auto-encoder.
 *
 * @param encoder what fine-tuning goes on with
 * @param decoderDim width of the decoder
 */
public record PretrainingConfig(S4dConfig.Vit encoder, int decoderDim, int decoderDepth, int decoderHeads) {
    public PretrainingConfig {
        if (decoderDim <= 0 || decoderHeads <= 0 || decoderDim % decoderHeads != 0 || decoderDepth < 1) {
            throw new UserException("decoder: width " + decoderDim + " is not divisible by " + decoderHeads
                    + " heads, or its depth " + decoderDepth + " is not at least 1.");
        }
    }

    /** Half the encoder's width and heads, depth 4: the authors' rule. */
    public static PretrainingConfig of(S4dConfig.Vit encoder) {
        return new PretrainingConfig(encoder, encoder.embedDim() / 2, 4, Math.max(1, encoder.heads() / 2));
    }

    /** The decoder as a transformer. */
    S4dConfig.Vit decoder() {
        return new S4dConfig.Vit(
                encoder.imageSize(),
                encoder.patchSize(),
                encoder.frames(),
                encoder.tubelet(),
                decoderDim,
                decoderDepth,
                decoderHeads,
                encoder.mlpRatio(),
                0,
                encoder.layerScale());
    }
}

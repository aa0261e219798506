package org.s2d.model.s2d;

/**
 * Floating-point operations of the matrix products and attentions of one clip, two per multiply-add; everything else is below one per
 * cent. A physical lower bound of the time is this over the machine's product rate.
 *
 * @param embedding patch and landmark embeddings
 * @param prompts prompters and temporal adapters: what fine-tuning trains
 * @param blocks products of the encoder blocks
 * @param attention scores and weighted sums of the encoder blocks
 */
public record S2dFlops(double embedding, double prompts, double blocks, double attention) {
    /** The model as it is defined: every token through every block, as PyTorch computes it. */
    public static S2dFlops of(S2dConfig config) {
        double frames = config.frames();
        double n = config.tokens();
        double d = config.embedDim();
        double h = config.adapterWidth();
        double patch = 3.0 * config.patchSize() * config.patchSize();
        double embedding = 2 * n * d * (patch + config.landmarkChannels());
        double fovea = 3 * 2 * n * d * config.promptWidth();
        double cross = 2 * n * d * h * 4 + 4 * n * n * h;
        double prompter = config.prompter() == S2dConfig.Prompter.FOVEA ? fovea : cross;
        double mixing = config.temporalAdapter() == S2dConfig.TemporalAdapter.ATTENTION
                ? 2 * n * h * 4 * h + 4 * n * frames * h
                : 2 * n * h * 3;
        double adapter = config.mode() == S2dConfig.Mode.VIDEO ? 4 * 2 * n * d * h + mixing : 0;
        int prompters = switch (config.promptType()) {
            case DEEP -> config.depth();
            case SHALLOW -> 1;
            case NONE -> 0;
        };
        double tokens = n + 1;
        return new S2dFlops(
                frames * embedding,
                frames * prompters * (prompter + adapter),
                frames * config.depth() * tokens * ofToken(config),
                frames * config.depth() * 4 * tokens * tokens * d);
    }

    /** What is computed where nobody watches: of the last block, all keys and values, but all else for the class token alone. */
    public static S2dFlops needed(S2dConfig config) {
        S2dFlops all = of(config);
        if (config.globalPool() != S2dConfig.GlobalPool.TOKEN) {
            return all;
        }
        double d = config.embedDim();
        double others = config.frames() * (double) config.tokens();
        return new S2dFlops(
                all.embedding,
                all.prompts,
                all.blocks - others * (ofToken(config) - 2 * 2 * d * d),
                all.attention - others * 4 * (config.tokens() + 1) * d);
    }

    /** Products of a block for one token. */
    private static double ofToken(S2dConfig config) {
        double d = config.embedDim();
        return 2 * d * d * (4 + 2 * config.mlpRatio());
    }

    /** One forward pass. */
    public double forward() {
        return embedding + prompts + blocks + attention;
    }

    /**
     * One training step with a frozen backbone: forward; gradients of activations through blocks (once the products, 2.5 times the
     * attentions, whose scores are computed again) and prompters; gradients of the prompters' weights.
     */
    public double fineTuningStep() {
        return forward() + blocks + 2.5 * attention + 2 * prompts;
    }
}

package org.s2d.model.s4d;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.s2d.tensor.UserException;

/**
 * Sizes of an S4D model.
 *
 * @param vit the transformer that photos and clips share
 * @param imageClasses classes of the head for photos
 * @param videoClasses classes of the head for clips
 * @param headDropout dropout before the heads
 */
public record S4dConfig(Vit vit, Experts experts, int imageClasses, int videoClasses, double headDropout) {

    /** Side of a patch of the named sizes, in pixels. */
    private static final int PATCH = 16;

    /**
     * A plain vision transformer over tubelets.
     *
     * @param imageSize side of the square frames in pixels, a multiple of {@code patchSize}
     * @param frames frames of a clip, a multiple of {@code tubelet}
     * @param tubelet frames of a token; a photo is repeated to so many
     * @param embedDim width D of the tokens
     * @param mlpRatio width of the feed-forward layers as a multiple of D
     * @param dropPath stochastic depth of the last block; grows linearly from zero
     * @param layerScale first value of the factors on each block's branches; 0: none
     */
    public record Vit(
            int imageSize,
            int patchSize,
            int frames,
            int tubelet,
            int embedDim,
            int depth,
            int heads,
            double mlpRatio,
            double dropPath,
            double layerScale) {
        public Vit {
            require(
                    patchSize > 0 && imageSize > 0 && imageSize % patchSize == 0,
                    "image size " + imageSize + " is not a multiple of patch size " + patchSize);
            require(
                    tubelet > 0 && frames > 0 && frames % tubelet == 0,
                    frames + " frames are not a multiple of " + tubelet + " frames per token");
            require(
                    embedDim > 0 && heads > 0 && embedDim % heads == 0,
                    "width " + embedDim + " is not divisible by " + heads + " heads");
            require(depth > 0, "depth must be at least 1, got " + depth);
            require(mlpRatio > 0, "MLP ratio must be positive");
            require(dropPath >= 0 && dropPath < 1, "dropout rates must be in [0, 1)");
        }

        /** Tokens of one tubelet's length: those of a photo. */
        public int tokensPerImage() {
            return (imageSize / patchSize) * (imageSize / patchSize);
        }

        /** Tokens of a clip. */
        public int tokensPerClip() {
            return frames / tubelet * tokensPerImage();
        }

        /** Numbers of a token's pixels. */
        public int pixels() {
            return 3 * tubelet * patchSize * patchSize;
        }

        public int hidden() {
            return (int) (embedDim * mlpRatio);
        }
    }

    /**
     * Mixtures of adapter experts.
     *
     * @param layers blocks that have one
     * @param count experts E of each
     * @param chosen experts k that a token is sent to
     * @param capacityFactor places of all experts together as a multiple of what the tokens need
     * @param widthRatio width of an expert as a fraction of D
     * @param noiseAtInference whether routers add noise in evaluation too, as released
     */
    public record Experts(
            Set<Integer> layers,
            int count,
            int chosen,
            double capacityFactor,
            double widthRatio,
            boolean noiseAtInference) {
        public Experts {
            require(count > 0 && chosen > 0 && chosen <= count, chosen + " of " + count + " experts cannot be chosen");
            require(capacityFactor > 0 && widthRatio > 0, "capacity factor and width of experts must be positive");
            layers = Set.copyOf(layers);
        }

        /** No mixtures at all. */
        public static Experts none() {
            return new Experts(Set.of(), 1, 1, 1, 0.25, false);
        }

        /** The authors' in the upper half of the blocks. */
        public static Experts upperHalf(int depth) {
            Set<Integer> layers = new TreeSet<>();
            IntStream.range(depth / 2, depth).forEach(layers::add);
            return new Experts(layers, 8, 2, 1, 0.25, false);
        }

        /** Tokens that an expert takes of {@code tokens}. */
        public int capacity(int tokens) {
            return (int) ((double) tokens * chosen / count * capacityFactor);
        }
    }

    public S4dConfig {
        require(imageClasses > 1 && videoClasses > 1, "at least 2 classes are needed for each head");
        require(headDropout >= 0 && headDropout < 1, "dropout rates must be in [0, 1)");
        for (int layer : experts.layers()) {
            require(
                    layer >= 0 && layer < vit.depth(),
                    "experts in layer " + layer + " of " + vit.depth() + ", which are counted from 0");
        }
    }

    /** The authors' small, base and large at 160 pixels and 16 frames; tiny trains on a CPU in minutes. */
    public static Vit vit(String size) {
        return switch (size) {
            case "tiny" -> new Vit(64, 8, 16, 2, 64, 3, 4, 4, 0, 0);
            case "small" -> authors(384, 12, 6);
            case "base" -> authors(768, 12, 12);
            case "large" -> authors(1024, 24, 16);
            default -> throw new UserException("model.size " + size + ": unknown. Use tiny, small, base or large.");
        };
    }

    private static Vit authors(int embedDim, int depth, int heads) {
        return new Vit(160, PATCH, 16, 2, embedDim, depth, heads, 4, 0, 0);
    }

    /** With the authors' mixtures of experts. */
    public static S4dConfig of(Vit vit, int imageClasses, int videoClasses) {
        return new S4dConfig(vit, Experts.upperHalf(vit.depth()), imageClasses, videoClasses, 0);
    }

    static void require(boolean condition, String message) {
        if (!condition) {
            throw new UserException("model: " + message);
        }
    }
}

package org.s2d.model.s2d;

import org.s2d.tensor.UserException;

/**
 * Sizes and variants of an S2D model.
 *
 * @param imageSize side of the square input frames in pixels
 * @param patchSize side of a patch in pixels; imageSize / patchSize squared must equal the landmark map's positions
 * @param embedDim width D of the tokens
 * @param depth number of encoder blocks
 * @param heads attention heads of the encoder
 * @param frames frames T per clip; 1 in image mode
 * @param classes number of classes
 * @param landmarkChannels channels of the landmark feature map (128 for MobileFaceNet and PFLD, 96 for MobileNetV2)
 * @param promptWidth channels inside a fovea prompter
 * @param adapterScale width of the adapters as a fraction of D
 * @param mlpRatio width of the feed-forward layer as a multiple of D
 * @param headDropout dropout before the classifier
 * @param dropPath stochastic depth of the last block; grows linearly from zero
 */
public record S2dConfig(
        Mode mode,
        int imageSize,
        int patchSize,
        int embedDim,
        int depth,
        int heads,
        int frames,
        int classes,
        int landmarkChannels,
        PromptType promptType,
        Prompter prompter,
        TemporalAdapter temporalAdapter,
        GlobalPool globalPool,
        int promptWidth,
        double adapterScale,
        double mlpRatio,
        boolean qkvBias,
        double headDropout,
        double dropPath) {

    /** Heads of the attention over time inside an adapter. */
    public static final int ADAPTER_HEADS = 8;

    /** Heads of a cross-attention prompter. */
    public static final int CROSS_HEADS = 4;

    /** Video: clips with temporal adapters. Image: single frames, adapters and temporal embedding left out. */
    public enum Mode {
        VIDEO,
        IMAGE
    }

    /** Before which encoder blocks landmark prompters stand; NONE adds the landmark tokens to the image tokens instead. */
    public enum PromptType {
        DEEP,
        SHALLOW,
        NONE
    }

    /** How landmark tokens inform image tokens. */
    public enum Prompter {
        FOVEA,
        CROSS_ATTENTION
    }

    /** What mixes the frames of a clip inside an adapter. */
    public enum TemporalAdapter {
        ATTENTION,
        CONV
    }

    /** What stands for a frame: its class token, or the mean of its patch tokens. */
    public enum GlobalPool {
        TOKEN,
        AVG
    }

    public S2dConfig {
        require(
                patchSize > 0 && imageSize > 0 && imageSize % patchSize == 0,
                "image size " + imageSize + " is not a multiple of patch size " + patchSize);
        require(
                embedDim > 0 && heads > 0 && embedDim % heads == 0,
                "width " + embedDim + " is not divisible by " + heads + " heads");
        require(depth > 0, "depth must be at least 1, got " + depth);
        require(frames > 0, "frames must be at least 1, got " + frames);
        require(mode == Mode.VIDEO || frames == 1, "an image model has one frame, got " + frames);
        require(classes > 1, "at least 2 classes are needed, got " + classes);
        require(landmarkChannels > 0 && promptWidth > 0, "landmark channels and prompt width must be positive");
        require(
                headDropout >= 0 && headDropout < 1 && dropPath >= 0 && dropPath < 1,
                "dropout rates must be in [0, 1)");
        require(adapterScale > 0 && mlpRatio > 0, "adapter scale and MLP ratio must be positive");
    }

    /** ViT-B/16 at 224 pixels, 16 frames: the authors' model. */
    public static S2dConfig base(int classes) {
        return new Builder(classes)
                .imageSize(224)
                .patchSize(16)
                .embedDim(768)
                .depth(12)
                .heads(12)
                .frames(16)
                .headDropout(0.5)
                .build();
    }

    /**
     * A named size: {@code s2d-base}, {@code s2d-small}, {@code s2d-tiny}, each also with {@code -image} appended for the model of
     * single frames.
     */
    public static S2dConfig preset(String name, int classes) {
        boolean image = name.endsWith("-image");
        S2dConfig video = switch (image ? name.substring(0, name.length() - "-image".length()) : name) {
            case "s2d-base" -> base(classes);
            case "s2d-small" -> small(classes);
            case "s2d-tiny" -> small(classes).toBuilder().embedDim(64).depth(3).build();
            default ->
                throw new UserException("model " + name
                        + ": unknown. Use s2d-base, s2d-small or s2d-tiny, with -image for single frames.");
        };
        return image ? video.toBuilder().mode(Mode.IMAGE).frames(1).build() : video;
    }

    /** A model that trains on a CPU in minutes: 112 pixels, 14 x 14 patches, width 128, 4 blocks. */
    public static S2dConfig small(int classes) {
        return new Builder(classes).build();
    }

    /** Patch tokens per frame. */
    public int tokens() {
        return (imageSize / patchSize) * (imageSize / patchSize);
    }

    /** Width of the adapters. */
    public int adapterWidth() {
        return (int) (embedDim * adapterScale);
    }

    /** Encoder blocks that have a prompter: the first ones. */
    public int prompters() {
        return switch (promptType) {
            case DEEP -> depth;
            case SHALLOW -> 1;
            case NONE -> 0;
        };
    }

    public Builder toBuilder() {
        return new Builder(this);
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new UserException("model: " + message);
        }
    }

    /** Changes some values of a configuration. */
    public static final class Builder {
        private Mode mode = Mode.VIDEO;
        private int imageSize = 112;
        private int patchSize = 8;
        private int embedDim = 128;
        private int depth = 4;
        private int heads = 4;
        private int frames = 16;
        private int classes;
        private int landmarkChannels = 128;
        private PromptType promptType = PromptType.DEEP;
        private Prompter prompter = Prompter.FOVEA;
        private TemporalAdapter temporalAdapter = TemporalAdapter.ATTENTION;
        private GlobalPool globalPool = GlobalPool.TOKEN;
        private int promptWidth = 8;
        private double adapterScale = 0.25;
        private double mlpRatio = 4;
        private boolean qkvBias = true;
        private double headDropout = 0;
        private double dropPath = 0;

        private Builder(int classes) {
            this.classes = classes;
        }

        private Builder(S2dConfig from) {
            mode = from.mode;
            imageSize = from.imageSize;
            patchSize = from.patchSize;
            embedDim = from.embedDim;
            depth = from.depth;
            heads = from.heads;
            frames = from.frames;
            classes = from.classes;
            landmarkChannels = from.landmarkChannels;
            promptType = from.promptType;
            prompter = from.prompter;
            temporalAdapter = from.temporalAdapter;
            globalPool = from.globalPool;
            promptWidth = from.promptWidth;
            adapterScale = from.adapterScale;
            mlpRatio = from.mlpRatio;
            qkvBias = from.qkvBias;
            headDropout = from.headDropout;
            dropPath = from.dropPath;
        }

        public Builder mode(Mode value) {
            mode = value;
            return this;
        }

        public Builder imageSize(int value) {
            imageSize = value;
            return this;
        }

        public Builder patchSize(int value) {
            patchSize = value;
            return this;
        }

        public Builder embedDim(int value) {
            embedDim = value;
            return this;
        }

        public Builder depth(int value) {
            depth = value;
            return this;
        }

        public Builder heads(int value) {
            heads = value;
            return this;
        }

        public Builder frames(int value) {
            frames = value;
            return this;
        }

        public Builder classes(int value) {
            classes = value;
            return this;
        }

        public Builder landmarkChannels(int value) {
            landmarkChannels = value;
            return this;
        }

        public Builder promptType(PromptType value) {
            promptType = value;
            return this;
        }

        public Builder prompter(Prompter value) {
            prompter = value;
            return this;
        }

        public Builder temporalAdapter(TemporalAdapter value) {
            temporalAdapter = value;
            return this;
        }

        public Builder globalPool(GlobalPool value) {
            globalPool = value;
            return this;
        }

        public Builder promptWidth(int value) {
            promptWidth = value;
            return this;
        }

        public Builder adapterScale(double value) {
            adapterScale = value;
            return this;
        }

        public Builder mlpRatio(double value) {
            mlpRatio = value;
            return this;
        }

        public Builder qkvBias(boolean value) {
            qkvBias = value;
            return this;
        }

        public Builder headDropout(double value) {
            headDropout = value;
            return this;
        }

        public Builder dropPath(double value) {
            dropPath = value;
            return this;
        }

        public S2dConfig build() {
            return new S2dConfig(
                    mode,
                    imageSize,
                    patchSize,
                    embedDim,
                    depth,
                    heads,
                    frames,
                    classes,
                    landmarkChannels,
                    promptType,
                    prompter,
                    temporalAdapter,
                    globalPool,
                    promptWidth,
                    adapterScale,
                    mlpRatio,
                    qkvBias,
                    headDropout,
                    dropPath);
        }
    }
}

package org.s2d.train.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that defines a run; keys in files are these names in snake case. Read by {@link ConfigReader}, which also knows the
 * defaults: the authors' fine-tuning recipe.
 */
public record TrainConfig(
        Model model,
        Landmark landmark,
        Data data,
        Photos photos,
        Optim optim,
        Loss loss,
        Pretraining pretraining,
        Train train) {

    /**
     * The network.
     *
     * @param family s2d or s4d; what follows the dropout rates is for s4d only, prompters and adapters for s2d only
     * @param size preset of all other numbers: base, small or tiny; of s4d also large
     * @param mode video or image
     * @param tubelet frames of a token
     * @param expertLayers blocks with a mixture of experts, counted from 0
     * @param topK experts that a token is sent to
     */
    public record Model(
            String family,
            String size,
            String mode,
            int imageSize,
            int patchSize,
            int embedDim,
            int depth,
            int numHeads,
            int numFrames,
            String promptType,
            String prompter,
            String temporalAdapter,
            String globalPool,
            int promptWidth,
            double adapterScale,
            double mlpRatio,
            double headDropout,
            double dropPath,
            int tubelet,
            double layerScale,
            List<Integer> expertLayers,
            int numExperts,
            int topK,
            double capacityFactor) {}

    /**
     * The frozen landmark network.
     *
     * @param network mobilefacenet, mobilenet_gdconv, pfld, or none for feature maps of zeros
     * @param weights checkpoint; empty for random weights, a function of {@code seed}
     */
    public record Landmark(String network, String weights, long seed) {}

    /**
     * Clips and how they are looked at.
     *
     * @param format name of a {@link org.s2d.data.DatasetFormat}
     * @param root folder that the paths in the lists are relative to; empty: that of each list
     * @param trainWhere rows of the list to take, {@code column=value} or {@code column=beginning*}; empty: all. Likewise for the
     *     others
     * @param labels class names in the order of their ids; empty: those of the format or of the training list
     * @param labelBase auto, zero or one
     * @param shortSideSize side to which frames are resized before cropping; 0: the model's image size
     * @param balanced whether rare classes are drawn as often as frequent ones
     * @param folds folds of a cross-validation, for which {@code {fold}} in a text of this configuration stands; 0: none
     * @param benchmark whose published results stand beside ours, a data set of {@link org.s2d.report.Reported}; empty: none
     */
    public record Data(
            String format,
            String root,
            String train,
            String val,
            String test,
            String trainWhere,
            String valWhere,
            String testWhere,
            List<String> labels,
            String labelBase,
            int samplingRate,
            int shortSideSize,
            boolean grey,
            boolean balanced,
            boolean skipBadClips,
            int numWorkers,
            int testNumSegment,
            int testNumCrop,
            String testCropMode,
            boolean releaseCompatible,
            int folds,
            String benchmark,
            Augment augment) {
        /** The same with the lists of photographs, which are never mixed. */
        public Data of(Photos photos) {
            return new Data(
                    photos.format(),
                    photos.root(),
                    photos.train(),
                    photos.val(),
                    photos.test(),
                    photos.trainWhere(),
                    photos.valWhere(),
                    photos.testWhere(),
                    photos.labels(),
                    labelBase,
                    1,
                    shortSideSize,
                    grey,
                    photos.balanced(),
                    skipBadClips,
                    numWorkers,
                    1,
                    testNumCrop,
                    testCropMode,
                    releaseCompatible,
                    0,
                    "",
                    augment.unmixed());
        }
    }

    /**
     * Photographs, the second task of s4d; keys as in {@link Data}, which are the clips.
     *
     * @param train empty: clips alone
     * @param batchSize photos per forward pass
     * @param repeat passes over the photos in an epoch, which is one pass over the clips; may be a fraction
     */
    public record Photos(
            String format,
            String root,
            String train,
            String val,
            String test,
            String trainWhere,
            String valWhere,
            String testWhere,
            List<String> labels,
            boolean balanced,
            int batchSize,
            double repeat) {
        /** Whether there are photographs to learn from. */
        public boolean isUsed() {
            return !train.isEmpty();
        }
    }

    /**
     * The masked auto-encoder, for {@code train.objective} reconstruct.
     *
     * @param decoderDim width of the decoder; 0: half the encoder's, and likewise for its heads
     * @param photoMask part of a photo's tokens that is hidden
     * @param masking random: any tokens of a clip; tube: the same places in every frame
     * @param targets pixels standardised per patch and channel, per patch, or not: channel, patch or none
     */
    public record Pretraining(
            int decoderDim,
            int decoderDepth,
            int decoderHeads,
            double photoMask,
            double clipMask,
            String masking,
            String targets) {}

    /**
     * Random changes to training clips.
     *
     * @param aa RandAugment rule, as {@code rand-m7-n4-mstd0.5-inc1}; empty: none
     * @param cropScale smallest and largest part of the area that is kept; empty: no random crop
     * @param flip probability of a horizontal flip
     * @param reprob probability of random erasing
     * @param numSample differently changed versions of each clip in its batch: repeated augmentation
     * @param mixup alpha of mixup; 0: off
     * @param cutmix alpha of cutmix; 0: off
     */
    public record Augment(
            String aa,
            List<Double> cropScale,
            List<Double> cropRatio,
            double flip,
            double reprob,
            String remode,
            int numSample,
            double mixup,
            double cutmix,
            double mixupProb,
            double mixupSwitchProb,
            String mixupMode) {
        public boolean mixes() {
            return mixup > 0 || cutmix > 0;
        }

        /** The same without mixing. */
        public Augment unmixed() {
            return new Augment(
                    aa,
                    cropScale,
                    cropRatio,
                    flip,
                    reprob,
                    remode,
                    numSample,
                    0,
                    0,
                    mixupProb,
                    mixupSwitchProb,
                    mixupMode);
        }
    }

    /**
     * AdamW and its schedule.
     *
     * @param scaleLr whether lr is for a batch of 8, and min_lr and warmup_lr for one of 256, as in the authors' scripts
     * @param warmupLr learning rate of the first step
     * @param warmupSteps replaces warmup_epochs when positive
     * @param clipGrad greatest gradient norm; 0: no clipping
     * @param layerDecay factor on the learning rate from layer to layer towards the input; 1: none
     * @param emaDecay decay of the moving average of the weights that is evaluated; 0: none
     * @param lossScale first factor on the loss, halved when gradients overflow; 0: none; -1: 65536 in fp16, none otherwise
     */
    public record Optim(
            double lr,
            double minLr,
            double warmupLr,
            boolean scaleLr,
            int warmupEpochs,
            int warmupSteps,
            double weightDecay,
            @Nullable Double weightDecayEnd,
            List<Double> betas,
            double eps,
            double clipGrad,
            double layerDecay,
            double emaDecay,
            double lossScale) {}

    /**
     * What is added up.
     *
     * @param balance weight of the experts' balance loss
     */
    public record Loss(double smoothing, double balance, Sdl sdl) {}

    /**
     * Self-distillation.
     *
     * @param weights pairs of epoch and the loss's weight from then on
     */
    public record Sdl(boolean enabled, int k, int size, int startEpoch, int updateFreq, List<List<Double>> weights) {}

    /**
     * The run.
     *
     * @param objective classify, or reconstruct: pre-training of s4d
     * @param batchSize clips per batch
     * @param microBatch clips or photographs of a batch that go through the model at once; 0: all
     * @param updateFreq batches per optimiser step
     * @param device cpu, or reference
     * @param threads threads that compute; 0: all cores
     * @param graph whether a GPU records a step once and repeats it as a whole
     * @param freeze s2d, s2d_freeze_prompters, or none
     * @param finetune checkpoint to start from; empty: none
     * @param strict whether that checkpoint must fit completely
     * @param bestMetric uar or war
     * @param saveEverySteps also save after so many steps; 0: never
     * @param saveEverySeconds also save when so many seconds have passed; 0: never
     */
    public record Train(
            String outputDir,
            String objective,
            int epochs,
            int batchSize,
            int microBatch,
            int updateFreq,
            long seed,
            String device,
            String precision,
            int threads,
            boolean graph,
            String freeze,
            String finetune,
            boolean strict,
            int evalEvery,
            String bestMetric,
            int logEvery,
            int saveEverySteps,
            int saveEverySeconds) {}

    /** The same once the classes of the photographs are known. */
    public TrainConfig withPhotoLabels(List<String> labels) {
        Photos known = new Photos(
                photos.format,
                photos.root,
                photos.train,
                photos.val,
                photos.test,
                photos.trainWhere,
                photos.valWhere,
                photos.testWhere,
                labels,
                photos.balanced,
                photos.batchSize,
                photos.repeat);
        return new TrainConfig(model, landmark, data, known, optim, loss, pretraining, train);
    }

    /** Whether the model is S4D; otherwise it is S2D. */
    public boolean isS4d() {
        return model.family().equals("s4d");
    }

    /** Whether the run is the pre-training of a masked auto-encoder; otherwise it learns to classify. */
    public boolean reconstructs() {
        return train.objective().equals("reconstruct");
    }
}

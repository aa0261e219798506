package org.s2d.train.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.s2d.data.AnnotationReader;
import org.s2d.data.ClipDataset;
import org.s2d.data.ClipList;
import org.s2d.data.ClipLoader;
import org.s2d.data.ClipSpec;
import org.s2d.data.DatasetFormat;
import org.s2d.data.EpochOrder;
import org.s2d.data.ListOptions;
import org.s2d.data.ListOptions.LabelBase;
import org.s2d.data.TestViews;
import org.s2d.data.augment.Augmentation;
import org.s2d.data.augment.ErasePatch;
import org.s2d.data.augment.RandAugment;
import org.s2d.tensor.Allocator;
import org.s2d.tensor.UserException;

/** The lists and loaders of a configuration. */
public final class RunData {
    private final TrainConfig config;
    private final TrainConfig.Data data;
    private final String section;
    private final int frames;
    private final int batchSize;
    private final boolean requireMedia;

    /** The clips; one that does not exist is an error of its list unless bad clips are skipped. */
    public RunData(TrainConfig config) {
        this(config, !config.data().skipBadClips());
    }

    /**
     * The clips.
     *
     * @param requireMedia whether a clip that does not exist is an error of its list, rather than when it is loaded
     */
    public RunData(TrainConfig config, boolean requireMedia) {
        this(
                config,
                config.data(),
                "data",
                config.model().numFrames(),
                config.train().batchSize(),
                requireMedia);
    }

    private RunData(
            TrainConfig config,
            TrainConfig.Data data,
            String section,
            int frames,
            int batchSize,
            boolean requireMedia) {
        this.config = config;
        this.data = data;
        this.section = section;
        this.frames = frames;
        this.batchSize = batchSize;
        this.requireMedia = requireMedia;
    }

    /** The photographs, the second task: clips of one frame. */
    public static RunData photos(TrainConfig config) {
        return photos(config, !config.data().skipBadClips());
    }

    /** The photographs, with {@code requireMedia} as for {@link #RunData(TrainConfig, boolean) clips}. */
    public static RunData photos(TrainConfig config, boolean requireMedia) {
        TrainConfig.Photos photos = config.photos();
        return new RunData(config, config.data().of(photos), "photos", 1, photos.batchSize(), requireMedia);
    }

    /** Reads the training list; its labels number the classes. */
    public ClipList trainList() {
        return list(section + ".train", data.train(), data.trainWhere(), data.labels());
    }

    /** Reads the validation list; null when there is none. */
    public @Nullable ClipList valList(List<String> labels) {
        String path = data.val();
        return path.isEmpty() ? null : list(section + ".val", path, data.valWhere(), labels);
    }

    /** Reads the test list; null when there is none. */
    public @Nullable ClipList testList(List<String> labels) {
        String path = data.test();
        return path.isEmpty() ? null : list(section + ".test", path, data.testWhere(), labels);
    }

    private ClipList list(String key, String path, String where, List<String> labels) {
        if (path.isEmpty()) {
            throw new UserException(key + ": no annotation list given. Set it in the configuration.");
        }
        Path file = Path.of(path);
        Path parent = file.toAbsolutePath().getParent();
        String root = data.root();
        Path media = root.isEmpty() && parent != null ? parent : Path.of(root);
        ListOptions options = ListOptions.defaults()
                .withBase(LabelBase.valueOf(data.labelBase().toUpperCase(Locale.ROOT)));
        if (!labels.isEmpty()) {
            options = options.withLabels(labels);
        }
        if (!where.isEmpty()) {
            int equals = where.indexOf('=');
            if (equals < 1) {
                throw new UserException(key + "_where is '" + where + "', expected column=value.");
            }
            options = options.where(where.substring(0, equals), where.substring(equals + 1));
        }
        return AnnotationReader.read(
                DatasetFormat.parse(data.format()), file, media, options.withRequireMedia(requireMedia));
    }

    /** How a clip must look to the model. */
    public ClipSpec spec() {
        int size = config.model().imageSize();
        int shortSide = data.shortSideSize() == 0 ? size : data.shortSideSize();
        return new ClipSpec(frames, data.samplingRate(), size, shortSide, data.grey(), data.releaseCompatible());
    }

    private Augmentation augmentation() {
        TrainConfig.Augment augment = data.augment();
        List<Double> scale = augment.cropScale();
        List<Double> ratio = augment.cropRatio();
        return new Augmentation(
                augment.aa().isEmpty() ? Optional.empty() : Optional.of(RandAugment.parse(augment.aa())),
                scale.isEmpty()
                        ? Optional.empty()
                        : Optional.of(
                                new Augmentation.CropRange(scale.get(0), scale.get(1), ratio.get(0), ratio.get(1))),
                augment.flip(),
                augment.reprob() == 0
                        ? Optional.empty()
                        : Optional.of(new ErasePatch.Rule(
                                augment.reprob(),
                                ErasePatch.Mode.valueOf(augment.remode().toUpperCase(Locale.ROOT)))));
    }

    /** Loads augmented training batches in an order that is a function of seed and epoch. */
    public ClipLoader trainLoader(ClipList list, Allocator allocator) {
        long seed = config.train().seed();
        EpochOrder order =
                data.balanced() ? EpochOrder.balanced(list.labelIds(), seed) : EpochOrder.shuffled(list.size(), seed);
        ClipLoader.Options options = ClipLoader.Options.training(
                        batchSize, data.numWorkers(), data.skipBadClips(), seed)
                .withVersions(data.augment().numSample());
        return new ClipLoader(ClipDataset.train(list, spec(), augmentation()), order, options, allocator);
    }

    /** Loads one fixed view of every clip. */
    public ClipLoader validationLoader(ClipList list, Allocator allocator) {
        return evaluationLoader(ClipDataset.validation(list, spec()), allocator);
    }

    /** Loads all distinct views of every clip. */
    public ClipLoader testLoader(ClipList list, Allocator allocator) {
        TestViews views = new TestViews(
                data.testNumSegment(),
                data.testNumCrop(),
                TestViews.CropMode.valueOf(data.testCropMode().toUpperCase(Locale.ROOT)));
        return evaluationLoader(ClipDataset.test(list, spec(), views), allocator);
    }

    private ClipLoader evaluationLoader(ClipDataset dataset, Allocator allocator) {
        ClipLoader.Options options = ClipLoader.Options.evaluation(batchSize, data.numWorkers(), data.skipBadClips());
        return new ClipLoader(dataset, EpochOrder.sequential(dataset.size()), options, allocator);
    }
}

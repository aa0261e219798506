package org.s2d.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import org.s2d.data.augment.Augmentation;
import org.s2d.data.augment.TrainDecisions;
import org.s2d.data.image.Image;
import org.s2d.data.image.ImageFile;
import org.s2d.data.image.Resample;
import org.s2d.data.image.Resample.Filter;
import org.s2d.data.random.Draws;
import org.s2d.tensor.UserException;

/**
 * Items for the model out of an annotation list: for training one augmented clip per sample, for validation one fixed
 * clip per sample, for testing one item per distinct view. Photographs are clips whose only frame repeats. Thread-safe;
 * an item depends on its index and its draws alone.
 */
public final class ClipDataset {
    private enum Mode {
        TRAIN,
        VALIDATION,
        TEST
    }

    private final ClipList list;
    private final ClipSpec spec;
    private final Mode mode;
    private final Augmentation augmentation;
    private final TestViews protocol;
    private final List<View> views;

    private ClipDataset(ClipList list, ClipSpec spec, Mode mode, Augmentation augmentation, TestViews protocol) {
        this.list = list;
        this.spec = spec;
        this.mode = mode;
        this.augmentation = augmentation;
        this.protocol = protocol;
        this.views = mode == Mode.TEST ? testViews() : oneViewEach(list);
    }

    /** Random frames, random changes. */
    public static ClipDataset train(ClipList list, ClipSpec spec, Augmentation augmentation) {
        return new ClipDataset(list, spec, Mode.TRAIN, augmentation, TestViews.release());
    }

    /** The middle of every clip, resized to a square and cropped in the centre. */
    public static ClipDataset validation(ClipList list, ClipSpec spec) {
        return new ClipDataset(list, spec, Mode.VALIDATION, Augmentation.none(), TestViews.release());
    }

    /** All distinct views of every clip. Looks into every frame folder once, to count its frames. */
    public static ClipDataset test(ClipList list, ClipSpec spec, TestViews protocol) {
        return new ClipDataset(list, spec, Mode.TEST, Augmentation.none(), protocol);
    }

    public ClipList list() {
        return list;
    }

    public ClipSpec spec() {
        return spec;
    }

    /** Number of items. */
    public int size() {
        return views.size();
    }

    /** What an item shows; its label is that of {@link #sample}. */
    public View view(int item) {
        return views.get(item);
    }

    public Sample sample(int item) {
        return list.samples().get(views.get(item).sample());
    }

    private static List<View> oneViewEach(ClipList list) {
        List<View> views = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            views.add(new View(i, 0, 0, 1));
        }
        return List.copyOf(views);
    }

    private List<View> testViews() {
        List<View> result = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            int[] starts = FrameSampling.segmentStarts(
                    FrameSampling.test(frameCount(i), spec.frames(), spec.rate()).length,
                    spec.frames(),
                    protocol.segments());
            for (int chunk = 0; chunk < starts.length; chunk++) {
                int start = starts[chunk];
                if (chunk == 0 || start != starts[chunk - 1]) {
                    int copies = (int) Arrays.stream(starts)
                            .filter(other -> other == start)
                            .count();
                    addCrops(result, i, chunk, copies);
                }
            }
        }
        return List.copyOf(result);
    }

    private void addCrops(List<View> result, int sample, int chunk, int copies) {
        if (protocol.cropMode() == TestViews.CropMode.SQUARE) {
            result.add(new View(sample, chunk, 0, copies * protocol.crops()));
            return;
        }
        for (int split = 0; split < protocol.crops(); split++) {
            result.add(new View(sample, chunk, split, copies));
        }
    }

    /** A clip that cannot be read counts as one frame here; loading it will say what is wrong. */
    private int frameCount(int sample) {
        try {
            return list.samples().get(sample).media().frames().size();
        } catch (UserException e) {
            return 1;
        }
    }

    /** Width and height of an item's frames. */
    public int side() {
        return mode == Mode.TRAIN ? spec.shortSide() : spec.size();
    }

    /**
     * The frames of an item.
     *
     * @param draws random decisions; used by training, and by validation when release-compatible
     * @throws UserException when its media are missing or damaged; the message names the file
     */
    public FrameClip load(int item, Draws draws) {
        return load(item, draws, 1).getFirst();
    }

    /**
     * Several versions of an item for repeated augmentation: in training the same frames, decoded once, changed in another way each
     * time; elsewhere all alike. The first one is that of {@link #load(int, Draws)}.
     */
    public List<FrameClip> load(int item, Draws draws, int versions) {
        View view = views.get(item);
        List<Path> files = list.samples().get(view.sample()).media().frames();
        return switch (mode) {
            case TRAIN -> {
                List<Image> frames = frames(
                        files, FrameSampling.train(files.size(), spec.frames(), spec.rate(), draws), this::squeeze);
                List<FrameClip> clips = new ArrayList<>();
                for (int i = 0; i < versions; i++) {
                    TrainDecisions decisions = augmentation.draw(draws, spec.frames(), side(), spec.size());
                    clips.add(new FrameClip(decisions.operate(frames), decisions));
                }
                yield clips;
            }
            case VALIDATION -> {
                int[] indices = spec.releaseCompatible()
                        ? FrameSampling.train(files.size(), spec.frames(), spec.rate(), draws)
                        : FrameSampling.validation(files.size(), spec.frames(), spec.rate());
                FrameClip clip = FrameClip.of(
                        frames(files, indices, frame -> squeeze(frame).centreCrop(spec.size(), spec.size())));
                yield Collections.nCopies(versions, clip);
            }
            case TEST -> {
                FrameClip clip = FrameClip.of(
                        frames(files, testIndices(files.size(), view.chunk()), frame -> testCrop(frame, view.split())));
                yield Collections.nCopies(versions, clip);
            }
        };
    }

    private int[] testIndices(int frameCount, int chunk) {
        int[] all = FrameSampling.test(frameCount, spec.frames(), spec.rate());
        int start = FrameSampling.segmentStarts(all.length, spec.frames(), protocol.segments())[chunk];
        return Arrays.copyOfRange(all, start, start + spec.frames());
    }

    private Image squeeze(Image frame) {
        return Resample.resizeOneOfMany(frame, spec.shortSide(), spec.shortSide(), Filter.BILINEAR);
    }

    private Image testCrop(Image frame, int split) {
        return switch (protocol.cropMode()) {
            case SQUARE -> Resample.resizeOneOfMany(frame, spec.size(), spec.size(), Filter.BILINEAR);
            case ASPECT ->
                TestViews.crop(
                        Resample.resizeShortSide(frame, spec.size(), Filter.BILINEAR),
                        spec.size(),
                        protocol.crops(),
                        split);
        };
    }

    /** Decodes each needed file once, however often it repeats. */
    private List<Image> frames(List<Path> files, int[] indices, UnaryOperator<Image> prepare) {
        List<Image> frames = new ArrayList<>();
        for (int i = 0; i < indices.length; i++) {
            if (i > 0 && indices[i] == indices[i - 1]) {
                frames.add(frames.getLast());
            } else {
                Image frame = ImageFile.readOneOfMany(files.get(indices[i]));
                frames.add(prepare.apply(spec.grey() ? frame.grey() : frame));
            }
        }
        return frames;
    }
}

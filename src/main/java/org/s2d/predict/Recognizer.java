package org.s2d.predict;

import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.s2d.data.ClipSpec;
import org.s2d.data.FrameClip;
import org.s2d.data.face.LandmarkFinder;
import org.s2d.data.image.Image;
import org.s2d.data.image.Resample;
import org.s2d.data.metrics.ViewScore;
import org.s2d.data.video.VideoFrame;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.TrainedModel;
import org.s2d.train.step.PlannedClips;

/**
 * Recognises expressions with a trained model:
 *
 * <pre>{@code
 * try (Recognizer recognizer = Recognizer.load(Path.of("runs/my/best.pth"))) {
 *     Prediction prediction = recognizer.predict(ImageIO.read(new File("face.jpg")));
 *     System.out.println(prediction.label() + " " + prediction.confidence());
 * }
 * }</pre>
 *
 * Pictures are faces cut out as in the training data; {@link #faces} cuts them out of larger pictures. Any thread may call; calls run one
 * after the other, each on all cores, so clips that are there together are best given together.
 */
public final class Recognizer implements AutoCloseable {
    private static final int BATCH = 8;

    private final TrainedModel model;
    private final ClipSpec spec;
    private final @Nullable ClipSpec photoSpec;
    private final HostPool pool = new HostPool();
    private final ReentrantLock busy = new ReentrantLock();
    private boolean closed;

    private Recognizer(TrainedModel model) {
        this.model = model;
        spec = model.clipSpec();
        photoSpec = model.photoSpec();
    }

    /** Loads a checkpoint of {@code s2d train} or a model of {@code s2d export}. Throws {@link UserException} when it is damaged or none. */
    public static Recognizer load(Path checkpoint) {
        return load(checkpoint, List.of());
    }

    /**
     * Loads a checkpoint with other settings than those it was trained with.
     *
     * @param settings {@code key=value} of the configuration, such as {@code landmark.weights=FILE} where the landmark network's file has moved,
     *     {@code train.threads=2} or {@code train.precision=bf16}
     */
    public static Recognizer load(Path checkpoint, List<String> settings) {
        return new Recognizer(TrainedModel.open(checkpoint, settings));
    }

    /** Names of the classes. */
    public List<String> labels() {
        return model.labels();
    }

    /** Frames of a clip that the model sees at once; 1 for a model of photographs. */
    public int framesPerClip() {
        return spec.frames();
    }

    /** The model sees every {@code frameStep}-th frame of a video. */
    public int frameStep() {
        return spec.rate();
    }

    /** Width and height of the pictures that the model sees; others are resized. */
    public int size() {
        return spec.size();
    }

    /** One photograph of a face. A model of clips without a head for photographs sees a face that does not move. */
    public Prediction predict(BufferedImage face) {
        return predict(List.of(Image.of(face)));
    }

    /** Frames of one face in the order of time: evenly chosen where there are too many, the last one again where too few. */
    public Prediction predict(List<Image> frames) {
        return predictAll(List.of(frames)).getFirst();
    }

    /** Everybody in a photograph, the largest face first: found, turned upright where the model has a landmark network, and recognised. */
    public List<FileResult.Face> faces(Image photograph, FaceFinder finder) {
        FaceClips clips = new FaceClips(this, finder);
        clips.add(new VideoFrame(0, photograph));
        return clips.end("", 0).faces();
    }

    /** Several clips, eight at a time. Throws {@link IllegalStateException} when the recogniser is closed. */
    public List<Prediction> predictAll(List<List<Image>> clips) {
        List<Prediction> predictions = new ArrayList<>();
        busy.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the recogniser is closed");
            }
            for (int first = 0; first < clips.size(); ) {
                ClipSpec form = form(clips.get(first));
                int last = first + 1;
                while (last < clips.size()
                        && last - first < BATCH
                        && form(clips.get(last)).equals(form)) {
                    last++;
                }
                predictions.addAll(batch(clips.subList(first, last), form));
                first = last;
            }
        } finally {
            busy.unlock();
        }
        return predictions;
    }

    /** Finds faces' landmarks with the model's network, from any thread; null where it has none. */
    @Nullable
    LandmarkFinder landmarkFinder() {
        LandmarkFinder finder = model.landmarkFinder();
        if (finder == null) {
            return null;
        }
        return views -> {
            busy.lock();
            try {
                return finder.find(views);
            } finally {
                busy.unlock();
            }
        };
    }

    /** A single frame is a photograph to models that have a head for them. */
    private ClipSpec form(List<Image> frames) {
        return photoSpec != null && frames.size() == 1 ? photoSpec : spec;
    }

    private List<Prediction> batch(List<List<Image>> clips, ClipSpec form) {
        try (Scope scope = new Scope(pool)) {
            Tensor pixels =
                    scope.allocate(DType.U8, Shape.of(clips.size(), form.frames(), form.size(), form.size(), 3));
            for (int i = 0; i < clips.size(); i++) {
                prepared(clips.get(i), form).copyTo(pixels.select(0, i).data());
            }
            TrainedModel.Output output = model.run(PlannedClips.whole(pixels), true);
            List<Prediction> predictions = new ArrayList<>();
            for (int i = 0; i < clips.size(); i++) {
                predictions.add(prediction(output, i, form));
            }
            return predictions;
        }
    }

    private FrameClip prepared(List<Image> frames, ClipSpec form) {
        if (frames.isEmpty()) {
            throw new UserException("predict: a clip without frames.");
        }
        List<Image> chosen = new ArrayList<>();
        for (int i = 0; i < form.frames(); i++) {
            Image frame = frames.get(chosen(i, frames.size(), form.frames()));
            Image resized = Resample.resize(frame, form.size(), form.size(), Resample.Filter.BILINEAR);
            chosen.add(form.grey() ? resized.grey() : resized);
        }
        return FrameClip.of(chosen);
    }

    /** Which of {@code count} frames is the i-th of {@code wanted}. */
    static int chosen(int i, int count, int wanted) {
        return count <= wanted
                ? Math.min(i, count - 1)
                : (int) Math.round((double) i * (count - 1) / Math.max(1, wanted - 1));
    }

    private Prediction prediction(TrainedModel.Output output, int clip, ClipSpec form) {
        double[] probabilities = new ViewScore("", output.logits()[clip], 0, 0, 0, 1).probabilities();
        List<List<Prediction.Point>> landmarks = new ArrayList<>();
        double[][] points = output.points();
        for (int t = 0; points != null && t < form.frames(); t++) {
            landmarks.add(Prediction.points(points[clip * form.frames() + t]));
        }
        return new Prediction(
                form.equals(photoSpec) ? model.photoLabels() : model.labels(),
                Arrays.stream(probabilities).boxed().toList(),
                landmarks);
    }

    /** Gives the model's memory back, when the calls that run have ended. */
    @Override
    public void close() {
        busy.lock();
        try {
            if (!closed) {
                closed = true;
                model.close();
                pool.close();
            }
        } finally {
            busy.unlock();
        }
    }
}

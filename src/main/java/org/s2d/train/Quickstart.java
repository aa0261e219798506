package org.s2d.train;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import javax.imageio.ImageIO;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.MergedScores;
import org.s2d.data.prepare.Progress;
import org.s2d.data.synthetic.ClipClass;
import org.s2d.data.synthetic.SyntheticFaces;
import org.s2d.report.ConfusionMatrixChart;
import org.s2d.report.ContactSheet;

/**
 * The whole road in a few minutes, on drawn faces: an image model on single frames, then the video model that starts from it, both evaluated
 * on the same clips of people never seen. Four of the classes are pairs that only the order of frames tells apart, so the image model must
 * guess there and the video model must not.
 */
public final class Quickstart {
    private static final int SHOWN = 24;

    private final Path folder;
    private final PrintWriter out;
    private final BooleanSupplier stop;
    private final List<String> settings;

    /** What came out: mean recall over all classes, and over those that only the order of frames tells apart. */
    public record Scores(double uar, double orderOnly) {}

    /** Both models on the test clips; {@code finished} is false when the run was stopped before its end. */
    public record Result(boolean finished, Scores image, Scores video) {}

    /**
     * A quickstart that has not begun.
     *
     * @param settings {@code key=value} of the configuration, on top of the quickstart's own
     */
    public Quickstart(Path folder, List<String> settings, PrintWriter out, BooleanSupplier stop) {
        this.folder = folder;
        this.settings = List.copyOf(settings);
        this.out = out;
        this.stop = stop;
    }

    public Result run(SyntheticFaces.Options options, Progress progress) {
        Path data = folder.resolve("data");
        say("1/4  drawing clips of synthetic faces");
        SyntheticFaces.write(data, options, progress);
        say("2/4  image model: single frames");
        List<String> image = imageSettings(data, options);
        if (!train(image)) {
            return new Result(false, none(), none());
        }
        say("3/4  video model, from the image model's weights");
        List<String> video = videoSettings(data, options);
        if (!train(video)) {
            return new Result(false, none(), none());
        }
        say("4/4  people never seen");
        Evaluator.Summary frames = evaluate("image");
        Evaluator.Summary clips = evaluate("video");
        MergedScores merged = byClip(frames.scores());
        Scores imageScores = scores(merged, frames.labels());
        Scores videoScores = scores(clips.scores(), clips.labels());
        pictures(data, merged, clips);
        return new Result(true, imageScores, videoScores);
    }

    private static Scores none() {
        return new Scores(Double.NaN, Double.NaN);
    }

    private List<String> imageSettings(Path data, SyntheticFaces.Options options) {
        List<String> all = common(data, options, "image", "frames_");
        all.addAll(List.of("model.mode=image", "model.num_frames=1", "train.freeze=none"));
        all.addAll(List.of("optim.lr=1e-3", "train.epochs=4", "train.batch_size=32"));
        all.addAll(settings);
        return all;
    }

    private List<String> videoSettings(Path data, SyntheticFaces.Options options) {
        List<String> all = common(data, options, "video", "");
        all.addAll(List.of("model.mode=video", "model.num_frames=8", "data.sampling_rate=2", "data.test_num_crop=1"));
        all.addAll(List.of("optim.lr=2e-3", "train.epochs=8", "train.batch_size=8"));
        all.add("train.finetune=" + folder.resolve("image").resolve("best.pth"));
        all.addAll(settings);
        return all;
    }

    private List<String> common(Path data, SyntheticFaces.Options options, String name, String lists) {
        return new ArrayList<>(List.of(
                "model.size=tiny",
                "model.embed_dim=64",
                "model.depth=2",
                "model.image_size=" + options.size(),
                "model.patch_size=" + options.size() / 14,
                "landmark.network=none",
                "data.train=" + data.resolve(lists + "train.csv"),
                "data.val=" + data.resolve(lists + "val.csv"),
                "data.test=" + data.resolve(lists + "test.csv"),
                "data.labels=[" + String.join(",", ClipClass.labels()) + "]",
                "data.augment.aa=",
                "data.augment.crop_scale=[0.8,1.0]",
                "data.augment.reprob=0",
                "data.augment.mixup=0",
                "data.augment.cutmix=0",
                "optim.scale_lr=false",
                "optim.min_lr=1e-5",
                "optim.warmup_epochs=1",
                "optim.clip_grad=1",
                "train.seed=" + options.seed(),
                "train.output_dir=" + folder.resolve(name)));
    }

    private boolean train(List<String> all) {
        TrainConfig config = ConfigReader.read(null, all);
        Path last = Trainer.lastOf(config);
        return new Trainer(config, out, stop).run(last) == Trainer.Outcome.FINISHED;
    }

    private Evaluator.Summary evaluate(String name) {
        Path run = folder.resolve(name);
        Evaluator.Request request =
                new Evaluator.Request(run.resolve("best.pth"), null, List.of(), run.resolve("test"));
        return Evaluator.evaluate(request, out);
    }

    /** The image model's verdict on a clip: the mean of its probabilities for the clip's frames. */
    private static MergedScores byClip(MergedScores frames) {
        Map<String, List<Integer>> clips = new TreeMap<>();
        for (int i = 0; i < frames.ids().size(); i++) {
            String id = frames.ids().get(i);
            clips.computeIfAbsent(id.substring(0, id.lastIndexOf('/')), key -> new ArrayList<>())
                    .add(i);
        }
        List<String> ids = new ArrayList<>(clips.keySet());
        int[] labels = new int[ids.size()];
        double[][] probabilities = new double[ids.size()][frames.probabilities()[0].length];
        for (int c = 0; c < labels.length; c++) {
            List<Integer> rows = clips.getOrDefault(ids.get(c), List.of());
            for (int row : rows) {
                labels[c] = frames.labels()[row];
                for (int k = 0; k < probabilities[c].length; k++) {
                    probabilities[c][k] += frames.probabilities()[row][k] / rows.size();
                }
            }
        }
        return new MergedScores(ids, labels, probabilities);
    }

    private static Scores scores(MergedScores scores, List<String> labels) {
        ConfusionMatrix matrix = scores.confusion(labels.size());
        double sum = 0;
        List<String> orderOnly = ClipClass.orderOnly();
        for (String label : orderOnly) {
            sum += matrix.recall(labels.indexOf(label));
        }
        return new Scores(matrix.uar(), sum / orderOnly.size());
    }

    private void pictures(Path data, MergedScores image, Evaluator.Summary video) {
        chart("confusion_image.png", "Image model, clips of people never seen", image, video.labels());
        chart("confusion_video.png", "Video model, clips of people never seen", video.scores(), video.labels());
        List<ContactSheet.Clip> rows = new ArrayList<>();
        MergedScores scores = video.scores();
        int step = Math.max(1, scores.ids().size() / SHOWN);
        for (int i = 0; i < scores.ids().size() && rows.size() < SHOWN; i += step) {
            int predicted = scores.predictions()[i];
            rows.add(new ContactSheet.Clip(
                    scores.ids().get(i),
                    frames(data.resolve(scores.ids().get(i))),
                    video.labels().get(scores.labels()[i]),
                    video.labels().get(predicted),
                    scores.probabilities()[i][predicted]));
        }
        String subtitle = "video model; frames from left to right in time";
        new ContactSheet("Predictions on clips of people never seen", subtitle, 6, 2, rows)
                .write(folder.resolve("predictions.png"));
    }

    private void chart(String file, String title, MergedScores scores, List<String> labels) {
        long[][] counts = scores.confusion(labels.size()).counts();
        new ConfusionMatrixChart(title, labels, counts).write(folder.resolve(file));
    }

    private static List<BufferedImage> frames(Path clip) {
        try (var files = Files.list(clip)) {
            List<BufferedImage> frames = new ArrayList<>();
            for (Path file : files.sorted().toList()) {
                frames.add(ImageIO.read(file.toFile()));
            }
            return frames;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void say(String text) {
        out.println(text);
        out.flush();
    }

    /** One line per model, for people. */
    public static String describe(String name, Scores scores) {
        return String.format(
                Locale.ROOT,
                "%-12s UAR %.3f   classes that differ only in frame order: %.3f (guessing: 0.5)",
                name,
                scores.uar(),
                scores.orderOnly());
    }
}

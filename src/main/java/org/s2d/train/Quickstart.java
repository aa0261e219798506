package org.s2d.train;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.MergedScores;
import org.s2d.data.prepare.Progress;
import org.s2d.data.synthetic.ClipClass;
import org.s2d.data.synthetic.SyntheticFaces;
import org.s2d.report.ConfusionMatrixChart;
import org.s2d.report.ContactSheet;
import org.s2d.tensor.UserException;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;
import org.s2d.train.results.Evaluator;

/**
 * The whole road in a few minutes, on drawn faces: an image model on stills, then the video model that starts from it, both evaluated
 * on the same clips of people never seen. Four of the classes are pairs that only the order of frames tells apart, so the image model must
 * guess there and the video model must not.
 */
public final class Quickstart {
    private static final int SHOWN = 24;
    private static final String FRAME_LIST = "test_frames.csv";

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
        say("2/4  image model: stills");
        writeFrameList(data);
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
        MergedScores merged = byClip(frames.scores(), clips.scores());
        Scores imageScores = scores(merged, clips.labels());
        Scores videoScores = scores(clips.scores(), clips.labels());
        pictures(data, merged, clips);
        return new Result(true, imageScores, videoScores);
    }

    private static Scores none() {
        return new Scores(Double.NaN, Double.NaN);
    }

    private List<String> imageSettings(Path data, SyntheticFaces.Options options) {
        List<String> all = common(data, options, "image", "images_");
        all.add("data.labels=[" + String.join(",", ClipClass.stillLabels()) + "]");
        all.add("data.test=" + data.resolve(FRAME_LIST));
        all.addAll(List.of("model.mode=image", "model.num_frames=1"));
        all.addAll(List.of("train.epochs=6", "train.batch_size=16"));
        all.addAll(settings);
        return all;
    }

    private List<String> videoSettings(Path data, SyntheticFaces.Options options) {
        List<String> all = common(data, options, "video", "");
        all.add("data.labels=[" + String.join(",", ClipClass.labels()) + "]");
        all.addAll(List.of("model.mode=video", "model.num_frames=8", "data.sampling_rate=2", "data.test_num_crop=1"));
        all.addAll(List.of("train.epochs=9", "train.batch_size=8"));
        all.add("train.finetune=" + folder.resolve("image").resolve("best.pth"));
        all.addAll(settings);
        return all;
    }

    private List<String> common(Path data, SyntheticFaces.Options options, String name, String lists) {
        return new ArrayList<>(List.of(
                "model.size=tiny",
                "model.embed_dim=64",
                "model.depth=3",
                "model.image_size=" + options.size(),
                "model.patch_size=8",
                "landmark.network=none",
                "data.train=" + data.resolve(lists + "train.csv"),
                "data.val=" + data.resolve(lists + "val.csv"),
                "data.test=" + data.resolve(lists + "test.csv"),
                "data.grey=true",
                "data.augment.aa=",
                "data.augment.crop_scale=[]",
                "data.augment.reprob=0",
                "data.augment.mixup=0",
                "data.augment.cutmix=0",
                "optim.scale_lr=false",
                // Freezing is for a backbone that has seen a large data set; this one has seen a few drawings.
                "train.freeze=none",
                "optim.lr=1e-3",
                "optim.min_lr=1e-5",
                "optim.warmup_epochs=1",
                "optim.clip_grad=1",
                "train.log_every=50",
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
                new Evaluator.Request(run.resolve("best.pth"), null, List.of(), false, run.resolve("test"));
        return Evaluator.evaluate(request, out);
    }

    /** Every frame of the test clips with the label of a still: what the image model judges clips by. */
    private static void writeFrameList(Path data) {
        try {
            List<String> lines = new ArrayList<>(List.of("path,label"));
            for (String row : Files.readAllLines(data.resolve("test.csv")).subList(1, 1 + clipCount(data))) {
                String clip = row.substring(0, row.lastIndexOf(','));
                String still = ClipClass.ofLabel(row.substring(row.lastIndexOf(',') + 1))
                        .stillLabel();
                try (Stream<Path> files = Files.list(data.resolve(clip))) {
                    files.sorted().forEach(file -> lines.add(clip + "/" + file.getFileName() + "," + still));
                }
            }
            Files.write(data.resolve(FRAME_LIST), lines);
        } catch (IOException e) {
            throw new UserException(data + ": " + e.getMessage(), e);
        }
    }

    private static int clipCount(Path data) throws IOException {
        return Files.readAllLines(data.resolve("test.csv")).size() - 1;
    }

    /**
     * The image model's verdict on a clip: the mean of its probabilities for the clip's frames. It knows no order, so its expressions
     * count as their onsets.
     */
    private static MergedScores byClip(MergedScores frames, MergedScores clips) {
        List<String> stills = ClipClass.stillLabels();
        Map<String, Integer> rows = new TreeMap<>();
        for (int i = 0; i < clips.ids().size(); i++) {
            rows.put(clips.ids().get(i), i);
        }
        double[][] probabilities = new double[clips.ids().size()][ClipClass.values().length];
        for (int i = 0; i < frames.ids().size(); i++) {
            String id = frames.ids().get(i);
            Integer row = rows.get(id.substring(0, id.lastIndexOf('/')));
            for (ClipClass kind : ClipClass.values()) {
                if (row != null && !kind.isOffset()) {
                    double probability = frames.probabilities()[i][stills.indexOf(kind.stillLabel())];
                    probabilities[row][ClipClass.labels().indexOf(kind.label())] += probability;
                }
            }
        }
        return new MergedScores(clips.ids(), clips.labels(), normalised(probabilities));
    }

    private static double[][] normalised(double[][] rows) {
        for (double[] row : rows) {
            double sum = Arrays.stream(row).sum();
            Arrays.setAll(row, k -> row[k] / sum);
        }
        return rows;
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
        try (Stream<Path> files = Files.list(clip)) {
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

package org.s2d.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.s2d.data.metrics.Calibration;
import org.s2d.data.metrics.MergedScores;

/** Draws one of each chart with made-up numbers into the folder given, to be looked at. */
final class Gallery {
    static final List<String> CLASSES = List.of("Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear");

    private Gallery() {}

    public static void main(String[] args) {
        Path folder = Path.of(args[0]);
        write(folder);
    }

    static void write(Path folder) {
        new Figure(
                        "Run smile-01",
                        2,
                        List.of(loss(), rate(), rates(), new LineChart("Nothing yet", "step", "loss", List.of())))
                .write(folder.resolve("curves.png"));
        confusion(CLASSES).write(folder.resolve("confusion.png"));
        confusion(List.of(
                        "Anger",
                        "Anxiety",
                        "Contempt",
                        "Disappointment",
                        "Disgust",
                        "Fear",
                        "Happiness",
                        "Helplessness",
                        "Neutral",
                        "Sadness",
                        "Surprise"))
                .write(folder.resolve("confusion11.png"));
        bars().write(folder.resolve("recall.png"));
        sheet().write(folder.resolve("sheet.png"));
        new ReliabilityChart("Reliability", Calibration.of(scores(), 10)).write(folder.resolve("reliability.png"));
        scatter().write(folder.resolve("scatter.png"));
        strips().write(folder.resolve("strips.png"));
    }

    static LineChart loss() {
        Random random = new Random(1);
        double[] steps = IntStream.range(0, 800).asDoubleStream().toArray();
        double[] train = IntStream.range(0, 800)
                .mapToDouble(i -> 0.4 + 1.6 * Math.exp(-i / 200.0) + 0.15 * random.nextGaussian())
                .toArray();
        double[] epochs = IntStream.rangeClosed(1, 8).mapToDouble(i -> 100 * i).toArray();
        double[] val = {1.7, 1.3, 1.05, 0.93, 0.9, Double.NaN, 0.93, 0.96};
        return new LineChart(
                        "Loss",
                        "step",
                        "loss",
                        List.of(
                                new LineChart.Series("training (mean of steps)", steps, train, 0.95),
                                new LineChart.Series("validation", epochs, val)))
                .withMark(500, "best epoch 5: UAR 61.8 %");
    }

    static LineChart rate() {
        double[] steps = IntStream.range(0, 800).asDoubleStream().toArray();
        double[] rate = IntStream.range(0, 800)
                .mapToDouble(i -> i < 80 ? 2.5e-5 * i / 80 : 1.25e-5 * (1 + Math.cos(Math.PI * (i - 80) / 720)))
                .toArray();
        return new LineChart(
                "Learning rate", "step", "learning rate", List.of(new LineChart.Series("lr", steps, rate)));
    }

    static LineChart rates() {
        double[] epochs = IntStream.rangeClosed(1, 8).asDoubleStream().toArray();
        return new LineChart(
                        "Validation",
                        "epoch",
                        "percent",
                        List.of(
                                new LineChart.Series("UAR", epochs, new double[] {20, 31, 42, 55, 61, 60.5, 60, 59}),
                                new LineChart.Series("WAR", epochs, new double[] {40, 50, 58, 66, 70, 71, 71.5, 71})))
                .withScale(LineChart.Scale.PERCENT);
    }

    static ConfusionMatrixChart confusion(List<String> classes) {
        Random random = new Random(2);
        int n = classes.size();
        long[][] counts = new long[n][n];
        for (int i = 0; i < n - 1; i++) {
            for (int j = 0; j < n; j++) {
                counts[i][j] = random.nextInt(i == j ? 300 : 40);
            }
        }
        return new ConfusionMatrixChart("Test split, people never seen", classes, counts);
    }

    static BarChart bars() {
        return new BarChart(
                        "Recall per class",
                        "recall (%), 95 % confidence interval",
                        CLASSES,
                        List.of(
                                new BarChart.Series(
                                        "image model",
                                        new double[] {0.9, 0.3, 0.7, 0.45, 0.66, 0.02, Double.NaN},
                                        new double[] {0.85, 0.2, 0.65, 0.4, 0.6, 0, Double.NaN},
                                        new double[] {0.95, 0.4, 0.75, 0.5, 0.7, 0.05, Double.NaN}),
                                new BarChart.Series(
                                        "video model", new double[] {0.94, 0.42, 0.71, 0.52, 0.72, 0.1, 1})))
                .withReference(1.0 / 7, "chance");
    }

    static ContactSheet sheet() {
        List<ContactSheet.Clip> clips = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            List<BufferedImage> frames = new ArrayList<>();
            for (int t = 0; t < 16; t++) {
                BufferedImage frame = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
                Graphics2D graphics = frame.createGraphics();
                graphics.setColor(Color.getHSBColor(i / 5f, 0.5f, 0.4f + t / 32f));
                graphics.fillOval(4 + t, 8, 40, 48);
                frames.add(frame);
            }
            String predicted = CLASSES.get(i == 2 ? 4 : i);
            clips.add(new ContactSheet.Clip("test/clip_000" + i, frames, CLASSES.get(i), predicted, 0.5 + i / 10.0));
        }
        return new ContactSheet("Test clips", "4 of 5 right", 8, clips);
    }

    /** A model that is less often right than it says. */
    static MergedScores scores() {
        Random random = new Random(4);
        List<String> ids = new ArrayList<>();
        int[] labels = new int[400];
        double[][] probabilities = new double[400][2];
        for (int i = 0; i < 400; i++) {
            double confidence = 0.5 + 0.5 * random.nextDouble();
            ids.add("clip" + i);
            labels[i] = random.nextDouble() < 0.9 * confidence ? 0 : 1;
            probabilities[i] = new double[] {confidence, 1 - confidence};
        }
        return new MergedScores(ids, labels, probabilities);
    }

    static ScatterChart scatter() {
        Random random = new Random(6);
        double[][] places = new double[300][];
        int[] classes = new int[300];
        boolean[] right = new boolean[300];
        for (int i = 0; i < 300; i++) {
            classes[i] = i % CLASSES.size();
            places[i] = new double[] {4 * Math.cos(classes[i]) + random.nextGaussian(), 2 * Math.sin(classes[i])};
            right[i] = random.nextInt(4) > 0;
        }
        return new ScatterChart("Features", CLASSES, places, classes, right);
    }

    static StripSheet strips() {
        double[] weights = new double[49];
        weights[24] = 8;
        weights[25] = 3;
        List<StripSheet.Block> blocks = new ArrayList<>();
        for (ContactSheet.Clip clip : sheet().clips()) {
            List<BufferedImage> frames = clip.images().subList(0, 4);
            List<BufferedImage> heat = frames.stream()
                    .map(frame -> HeatMap.over(frame, weights, 7, 8))
                    .toList();
            blocks.add(new StripSheet.Block(
                    clip.label(),
                    List.of(new StripSheet.Strip("frames", frames), new StripSheet.Strip("attention", heat))));
        }
        return new StripSheet("Attention", "of the class token", 2, blocks);
    }
}

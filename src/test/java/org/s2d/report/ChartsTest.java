package org.s2d.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.tensor.UserException;

class ChartsTest {
    @TempDir
    Path folder;

    @Test
    void everyChartIsWrittenAtTwiceItsLogicalSize() throws Exception {
        Gallery.write(folder);
        for (String name :
                List.of("curves", "confusion", "confusion11", "recall", "sheet", "reliability", "scatter", "strips")) {
            assertThat(ImageIO.read(folder.resolve(name + ".png").toFile()).getWidth())
                    .isGreaterThan(800);
        }
        BufferedImage recall = ImageIO.read(folder.resolve("recall.png").toFile());
        assertThat(recall.getHeight())
                .isEqualTo((int) Math.ceil(2 * Gallery.bars().height()));
        try (var files = Files.list(folder)) {
            assertThat(files.filter(file -> file.toString().endsWith(".tmp"))).isEmpty();
        }
    }

    @Test
    void aLogarithmicAxisSpacesPowersOfTenEvenlyAndLeavesOutZero() {
        LineChart.Series series =
                new LineChart.Series("lr", new double[] {0, 1, 2, 3}, new double[] {0, 1e-6, 1e-4, 1e-2});
        BufferedImage image = new LineChart("", "step", "lr", List.of(series))
                .withScale(LineChart.Scale.LOG)
                .image();
        List<int[]> dots = dots(image, Palette.series(0));
        assertThat(dots.getFirst()[0]).as("x of the first positive value").isGreaterThan(80);
        double slope1 = slope(dots, 0.1, 0.45);
        double slope2 = slope(dots, 0.55, 0.9);
        assertThat(slope2).isCloseTo(slope1, within(0.05 * Math.abs(slope1)));
    }

    @Test
    void smoothingIsUnbiasedFromTheFirstValueOn() {
        LineChart.Series series =
                new LineChart.Series("loss", new double[] {0, 1, 2, 3}, new double[] {2, 2, Double.NaN, 4}, 0.5);
        // Weights 1/2, 1/4, 1/8 of the values 4, 2, 2.
        assertThat(series.smoothed()).containsExactly(2, 2, Double.NaN, (2 + 0.5 + 0.25) / 0.875);
    }

    @Test
    void averageRecallLeavesOutClassesWithoutSamples() {
        var chart =
                new ConfusionMatrixChart("t", List.of("a", "b", "c"), new long[][] {{3, 1, 0}, {0, 1, 1}, {0, 0, 0}});
        assertThat(chart.uar()).isEqualTo((0.75 + 0.5) / 2);
        assertThat(chart.war()).isEqualTo(4.0 / 6);
    }

    @Test
    void aConfusionMatrixMustFitItsNames() {
        assertThatThrownBy(() -> new ConfusionMatrixChart("t", List.of("a", "b"), new long[][] {{1, 2}}))
                .hasMessageContaining("2 classes needs 2 x 2");
    }

    @Test
    void contactSheetsShowFirstAndLastFrame() {
        List<Integer> frames = IntStream.range(0, 16).boxed().toList();
        assertThat(ContactSheet.pick(frames, 6)).containsExactly(0, 3, 6, 9, 12, 15);
        assertThat(ContactSheet.pick(frames, 1)).containsExactly(8);
        assertThat(ContactSheet.pick(List.of(1, 2), 6)).containsExactly(1, 2);
    }

    @Test
    void contactSheetsFrameRightGreenAndWrongRed() {
        BufferedImage sheet = Gallery.sheet().image();
        assertThat(dots(sheet, Palette.RIGHT)).hasSizeGreaterThan(2000);
        assertThat(dots(sheet, Palette.WRONG)).hasSizeGreaterThan(500);
    }

    @Test
    void attentionColoursWhatIsAboveEvenAndNothingElse() {
        BufferedImage grey = new BufferedImage(40, 40, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = grey.createGraphics();
        graphics.setColor(new Color(100, 100, 100));
        graphics.fillRect(0, 0, 40, 40);
        double[] weights = {1, 1, 1, 0.2, 5, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1};
        BufferedImage over = HeatMap.over(grey, weights, 4, 5);
        Color hot = new Color(over.getRGB(5, 15));
        assertThat(hot.getRed() - hot.getGreen())
                .as("dark violet over the fifth patch")
                .isGreaterThan(20);
        assertThat(new Color(over.getRGB(35, 35))).isEqualTo(new Color(100, 100, 100));
        assertThat(new Color(over.getRGB(25, 15))).isEqualTo(new Color(100, 100, 100));
    }

    @Test
    void longCurvesAreThinnedWithoutChangingTheirCourse() {
        double[] steps = IntStream.range(0, 5000).asDoubleStream().toArray();
        double[] values = IntStream.range(0, 5000).mapToDouble(i -> i / 1000.0).toArray();
        LineChart.Series series = new LineChart.Series("loss", steps, values, 0.9).reduced(1000);
        assertThat(series.x()).hasSize(1000).startsWith(4, 9).endsWith(4999);
        assertThat(series.y()[0]).isCloseTo(0.002, within(1e-12));
        assertThat(series.smoothing()).isCloseTo(Math.pow(0.9, 5), within(1e-12));
        assertThat(series.reduced(1000)).isSameAs(series);
    }

    @Test
    void machinesWithoutFontsGetEveryPrintableCharacter() {
        StrokeLetters letters = new StrokeLetters();
        int box = ink(letters, "\u4e00");
        for (char c = '!'; c <= '~'; c++) {
            if ("$@^`{}~".indexOf(c) < 0) {
                assertThat(ink(letters, "" + c))
                        .as("character %s", c)
                        .isPositive()
                        .isNotEqualTo(box);
            }
        }
        assertThat(letters.width("mm", Style.LABEL)).isEqualTo(2 * letters.width("m", Style.LABEL));
    }

    @Test
    void anUnwritablePlaceIsOneLine() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> Gallery.loss().write(file.resolve("loss.png")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("loss.png: cannot be written")
                .hasMessageNotContaining("\n");
    }

    private static int ink(Lettering lettering, String text) {
        BufferedImage image = new BufferedImage(100, 100, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(Color.WHITE);
        lettering.draw(graphics, text, 10, 80, new Style(80, false));
        return dots(image, Color.WHITE).size();
    }

    /** Pixels of one colour as {x, y}, from left to right. */
    private static List<int[]> dots(BufferedImage image, Color color) {
        return IntStream.range(0, image.getWidth())
                .boxed()
                .flatMap(x -> IntStream.range(0, image.getHeight())
                        .filter(y -> image.getRGB(x, y) == color.getRGB())
                        .mapToObj(y -> new int[] {x, y}))
                .toList();
    }

    private static double slope(List<int[]> dots, double from, double to) {
        int[] a = dots.get((int) (from * dots.size()));
        int[] b = dots.get((int) (to * dots.size()));
        return (double) (b[1] - a[1]) / (b[0] - a[0]);
    }
}

package org.s2d.train.results;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.data.prepare.Progress;
import org.s2d.report.page.PageChecks;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.TinyClips;
import org.s2d.train.Trainer;
import org.s2d.train.checkpoint.ModelCard;
import org.s2d.train.checkpoint.Models;
import org.s2d.train.checkpoint.SavedModel;
import org.s2d.train.checkpoint.TrainedModel;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;
import org.s2d.weights.Checkpoint;
import org.w3c.dom.Document;

/** Reports and comparisons of two tiny runs. */
class RunReportTest {
    private static final PrintWriter SILENT = new PrintWriter(Writer.nullWriter());

    private static final List<String> LANDMARKS = List.of("landmark.network=pfld");

    @TempDir
    static Path folder;

    private static Path first;
    private static Path second;

    @BeforeAll
    static void runs() throws Exception {
        Path list = TinyClips.write(folder.resolve("clips"), 12);
        first = train(list, "first", "train.seed=8");
        second = train(list, "second", "train.seed=9");
        for (Path run : List.of(first, second)) {
            // Same channels as without a network: the weights fit, and only the report pays for landmarks.
            List<String> settings = run.equals(first) ? LANDMARKS : List.of();
            RunReport.write(new RunReport.Request(run, settings, second, false), SILENT, stage -> Progress.NONE);
        }
    }

    private static Path train(Path list, String name, String setting) {
        Path output = folder.resolve(name);
        List<String> settings = new ArrayList<>(TinyClips.settings(list, output));
        settings.addAll(List.of("train.epochs=1", "data.test=" + list, setting));
        new Trainer(ConfigReader.read(null, settings), SILENT, () -> false).run(null);
        return output;
    }

    @Test
    void theReportIsOneSoundPageWithEveryPicture() throws Exception {
        Document page = PageChecks.sound(Files.readString(first.resolve("report.html")));
        Predictions predictions = Predictions.read(first.resolve("report").resolve(EvaluationFiles.PREDICTIONS));
        int[] decided = predictions.scores().predictions();
        long wrong = IntStream.range(0, decided.length)
                .filter(i -> decided[i] != predictions.scores().labels()[i])
                .count();
        long recognised = IntStream.range(0, decided.length)
                .filter(i -> decided[i] == predictions.scores().labels()[i])
                .map(i -> decided[i])
                .distinct()
                .count();
        // Of each mistake a strip; of each recognised class the frames, attention, attention without landmarks, the
        // other run's.
        assertThat(PageChecks.all(page, "img")).hasSize((int) (Math.min(wrong, 12) + 4 * recognised));
        assertThat(PageChecks.all(page, "svg"))
                .as("reliability, t-SNE, four curves")
                .hasSize(6);
        assertThat(page.getDocumentElement().getTextContent())
                .contains("landmarks off")
                .contains("landmark.network")
                .contains("rising")
                .contains("times even and more");
        for (String name : List.of("confusion", "recall", "reliability", "tsne")) {
            assertThat(first.resolve("report").resolve(name + ".png")).isNotEmptyFile();
        }
        assertThat(Files.readAllLines(first.resolve("report").resolve("tsne.csv")))
                .hasSize(13)
                .first()
                .isEqualTo("id,label,prediction,x,y");
        assertThat(first.resolve(RunRecords.EVENTS)).isNotEmptyFile();
        assertThat(first.resolve(ReportFiles.EVENTS)).isNotEmptyFile();
    }

    @Test
    void withoutClipsTheLogsAloneMakeAPage() throws Exception {
        Path copy = Files.createDirectories(folder.resolve("moved"));
        for (String name : List.of("best.pth", "steps.jsonl", "epochs.jsonl")) {
            Files.copy(second.resolve(name), copy.resolve(name));
        }
        List<String> gone = List.of("data.test=" + folder.resolve("gone.csv"));
        assertThatThrownBy(() ->
                        RunReport.write(new RunReport.Request(copy, gone, null, false), SILENT, stage -> Progress.NONE))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("gone.csv")
                .hasMessageContaining("--logs-only");
        RunReport.write(new RunReport.Request(copy, gone, null, true), SILENT, stage -> Progress.NONE);
        Document page = PageChecks.sound(Files.readString(copy.resolve("report.html")));
        assertThat(PageChecks.all(page, "svg")).hasSize(4);
        assertThat(PageChecks.all(page, "section")).hasSize(2);
    }

    @Test
    void aFolderWithoutARunIsOneLineThatKnowsBetter() {
        assertThatThrownBy(() -> RunReport.write(
                        new RunReport.Request(folder, List.of(), null, false), SILENT, stage -> Progress.NONE))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no run folder")
                .hasMessageContaining("Did you mean " + first);
    }

    @Test
    void comparisonsPairTheSameClips() throws Exception {
        RunComparison same = RunComparison.of(List.of(first, first), Progress.NONE);
        String[] row = same.csv().lines().toList().get(2).split(",", -1);
        assertThat(row[0]).isEqualTo(first.toString());
        assertThat(row[10]).isEqualTo("12");
        assertThat(row[11]).isEqualTo("0.000000");
        assertThat(row[19]).isEqualTo("1.00000");
        RunComparison comparison = RunComparison.of(List.of(first, second), Progress.NONE);
        assertThat(comparison.text())
                .contains("less first, on the clips that both have seen")
                .contains("McNemar p")
                .contains("train.seed\n");
        Path page = comparison.write(folder.resolve("compared"));
        Document document = PageChecks.sound(Files.readString(page));
        assertThat(PageChecks.all(document, "svg")).hasSize(4);
        assertThat(folder.resolve("compared").resolve("curves.png")).isNotEmptyFile();
        assertThat(Files.readAllLines(folder.resolve("compared").resolve("compare.csv")))
                .hasSize(3)
                .allSatisfy(line -> assertThat(line.split(",", -1)).hasSize(20));
    }

    @Test
    void runsWithOtherClassesOrWithoutPredictionsCannotBeCompared() throws Exception {
        Path bare = Files.createDirectories(folder.resolve("bare"));
        Files.copy(second.resolve("best.pth"), bare.resolve("best.pth"));
        assertThatThrownBy(() -> RunComparison.of(List.of(first, bare), Progress.NONE))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no predictions to compare")
                .hasMessageContaining("./s2d report " + bare);
        Path other = Files.createDirectories(folder.resolve("other").resolve("test"));
        Files.copy(second.resolve("best.pth"), other.resolveSibling("best.pth"));
        String predictions = Files.readString(second.resolve("report").resolve(EvaluationFiles.PREDICTIONS));
        Files.writeString(other.resolve(EvaluationFiles.PREDICTIONS), predictions.replace("still", "moving"));
        assertThatThrownBy(() -> RunComparison.of(List.of(first, other.getParent()), Progress.NONE))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("are not those of");
        Files.writeString(other.resolve(EvaluationFiles.PREDICTIONS), predictions.replaceFirst("0\\.\\d+", "oops"));
        assertThatThrownBy(() -> RunComparison.of(List.of(first, other.getParent()), Progress.NONE))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("predictions.csv:2: 'oops' is no probability");
    }

    @Test
    void theModelCardKnowsClassesDataAndResults() throws Exception {
        String card = Files.readString(first.resolve(RunCard.FILE));
        assertThat(card)
                .contains("falling, rising, still")
                .contains("12 clips of")
                .contains("falling 4, rising 4, still 4")
                .contains("| UAR |")
                .contains("| recall of still (4 clips) |")
                .contains("less (0.485, 0.456, 0.406)");
        try (Checkpoint checkpoint = Checkpoint.open(second.resolve("last.pth"))) {
            assertThat(RunCard.of(checkpoint).text())
                    .contains("Classes, in the order of the scores:\n    falling, rising, still\n")
                    .contains("no network: maps of zeros");
        }
        try (SavedModel saved = SavedModel.open(second.resolve("best.pth"), null, List.of())) {
            assertThat(saved.card().entries()).containsKeys("labels", "preprocessing", "config", "data", "validation");
            assertThat(ModelCard.read(saved.card().texts()))
                    .containsEntry("labels", List.of("falling", "rising", "still"))
                    .extractingByKey("validation")
                    .asString()
                    .contains("epoch=1", "clips=12", "recalls=[");
        }
        assertThat(card).containsPattern("\\*\\*Validation:\\*\\* UAR 0\\.\\d{4}, WAR 0\\.\\d{4} on 12 clips, epoch 1");
    }

    @Test
    void aHeadOfOtherClassesIsLeftOutEvenOfAsMany() {
        Path weights = second.resolve("best.pth");
        try (TrainedModel model = TrainedModel.open(weights, List.of())) {
            double[] head = head(model);
            assertThat(initialised(model, model.labels())).noneMatch(line -> line.contains("head"));
            assertThat(head(model)).isEqualTo(head);
            float[] other = new float[head.length];
            Arrays.fill(other, 0.5f);
            parameter(model, "head.fc_cls.weight").set(other);
            List<String> others = List.of("rising", "falling", "still");
            assertThat(initialised(model, others))
                    .anyMatch(line -> line.equals("head starts anew: its classes there are falling, rising, still"));
            assertThat(head(model)).as("what was there before stays").containsOnly(0.5);
        }
    }

    private static List<String> initialised(TrainedModel model, List<String> labels) {
        TrainConfig config = ConfigReader.with(model.config(), List.of("train.finetune=" + second.resolve("best.pth")));
        return Models.initialise(config, model.model().parameters(), labels, model.device());
    }

    private static double[] head(TrainedModel model) {
        return model.reader().values(parameter(model, "head.fc_cls.weight"));
    }

    private static Tensor parameter(TrainedModel model, String name) {
        return Objects.requireNonNull(model.model().parameters().get(name)).value();
    }
}

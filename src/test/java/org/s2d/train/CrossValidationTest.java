package org.s2d.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.tensor.UserException;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;

class CrossValidationTest {
    private static final int FOLDS = 3;

    /** Clips of a training list over the batch size, and so the steps of a fold. */
    private static final int STEPS = 7;

    @TempDir
    static Path data;

    private static ShapedSets dfew = new ShapedSets(Path.of(""));

    @TempDir
    static Path runs;

    private static String straight = "";

    /** One run without interruption, which others are compared with. */
    @BeforeAll
    static void runOnce() throws IOException {
        dfew = new ShapedSets(data).dfew(42, FOLDS);
        straight = run(settings("straight"), false, () -> false);
    }

    private static List<String> settings(String name, String... more) {
        List<String> settings =
                dfew.settings("dfew", "train_set_{fold}.csv", "test_set_{fold}.csv", runs.resolve(name));
        settings.addAll(List.of("data.folds=" + FOLDS, "data.benchmark=dfew"));
        settings.addAll(List.of(more));
        return settings;
    }

    private static String run(List<String> settings, boolean resume, BooleanSupplier stop) {
        StringWriter out = new StringWriter();
        new CrossValidation(ConfigReader.read(null, settings), new PrintWriter(out), stop).run(resume);
        return out.toString();
    }

    private static JsonNode json(String name) throws IOException {
        return new ObjectMapper()
                .readTree(runs.resolve(name).resolve("folds.json").toFile());
    }

    @Test
    void foldsAreTrainedTestedAveragedAndStandBesideTheAuthors() throws IOException {
        assertThat(straight).contains("== fold 3 of 3").contains("class ids run from 1 to 7");
        JsonNode json = json("straight");
        double uar = 0;
        for (JsonNode fold : json.get("results")) {
            assertThat(fold.get("clips").asInt()).isEqualTo(14);
            uar += fold.get("uar").asDouble() / FOLDS;
        }
        assertThat(json.get("results")).hasSize(FOLDS);
        assertThat(json.at("/mean/uar").asDouble()).isCloseTo(uar, within(1e-12));
        List<String> csv = Files.readAllLines(runs.resolve("straight/folds.csv"));
        assertThat(csv.getFirst())
                .isEqualTo(",UAR,WAR,UAR S2D,WAR S2D,UAR S2D with over-sampling,WAR S2D with over-sampling");
        assertThat(csv.get(2)).startsWith("fold 2,").endsWith(",59.93,73.99,62.54,72.53");
        assertThat(csv.get(4)).startsWith("mean,").endsWith(",61.82,76.03,65.45,74.81");
        assertThat(Files.readString(runs.resolve("straight/folds.txt"))).contains("MSA-LMC/S2D");
        assertThat(runs.resolve("straight/confusion.png")).isRegularFile();
        assertThat(runs.resolve("straight/fold2/test/predictions.csv")).isRegularFile();
    }

    @Test
    void stoppedInTheSecondFoldItGoesOnThereAndEndsWithTheSameBits() throws IOException {
        AtomicInteger asked = new AtomicInteger();
        // Asked after every step but an epoch's last, before and during the test; so this is within fold 2.
        int half = STEPS + 2 + 4 + 3;
        String out = run(settings("broken"), false, () -> asked.incrementAndGet() >= half);
        assertThat(out).contains("stopped in fold 2 of 3");
        assertThat(json("broken").get("finished").asInt()).isEqualTo(1);
        assertThat(Files.readString(runs.resolve("broken/folds.txt"))).contains("mean of 1 of 3");
        long untouched =
                Files.getLastModifiedTime(runs.resolve("broken/fold1/last.pth")).toMillis();
        assertThatThrownBy(() -> run(settings("broken"), false, () -> false))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("--resume");
        run(settings("broken"), true, () -> false);
        assertThat(Files.getLastModifiedTime(runs.resolve("broken/fold1/last.pth"))
                        .toMillis())
                .isEqualTo(untouched);
        for (int fold = 1; fold <= FOLDS; fold++) {
            String file = "fold" + fold + "/last.pth";
            assertThat(TrainerTest.tensors(runs.resolve("broken").resolve(file)))
                    .isEqualTo(TrainerTest.tensors(runs.resolve("straight").resolve(file)));
        }
        assertThat(json("broken")).isEqualTo(json("straight"));
    }

    @Test
    void killedInTheSecondFoldItGoesOnThere() throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--fold", "all", "--resume"));
        for (String setting : settings("killed", "train.save_every_steps=1")) {
            arguments.addAll(List.of("--set", setting));
        }
        Process process = TrainerProcess.start(runs.resolve("log"), arguments);
        Path second = runs.resolve("killed/fold2/last.pth");
        while (!Files.exists(second) && process.isAlive()) {
            process.waitFor(1, TimeUnit.MILLISECONDS);
        }
        assertThat(process.isAlive()).as(Files.readString(runs.resolve("log"))).isTrue();
        process.destroyForcibly().waitFor();
        String out = run(settings("killed"), true, () -> false);
        assertThat(out).contains("resumed from " + second);
        assertThat(json("killed")).isEqualTo(json("straight"));
    }

    @Test
    void changedTestViewsAreTestedAgainWithoutTraining() throws IOException {
        List<String> settings = settings("views");
        TrainConfig fold = Folds.of(ConfigReader.read(null, settings), 1);
        assertThat(test(fold)).contains("14 clips");
        Path last = runs.resolve("views/fold1/last.pth");
        long trained = Files.getLastModifiedTime(last).toMillis();
        assertThat(test(fold)).isEmpty();
        settings.add("data.test_num_segment=3");
        assertThat(test(Folds.of(ConfigReader.read(null, settings), 1))).contains("14 clips");
        assertThat(Files.getLastModifiedTime(last).toMillis()).isEqualTo(trained);
        settings.add("optim.lr=1e-4");
        assertThatThrownBy(() -> test(Folds.of(ConfigReader.read(null, settings), 1)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("another configuration");
    }

    private static String test(TrainConfig config) {
        StringWriter out = new StringWriter();
        new TrainAndTest(new PrintWriter(out), () -> false).run(config);
        return out.toString();
    }

    @Test
    void foldsThatDoNotExistAndListsWithoutAFoldAreNamed() {
        TrainConfig config = ConfigReader.read(null, settings("x"));
        assertThatThrownBy(() -> Folds.of(config, 4)).hasMessageContaining("a number from 1 to 3");
        assertThatThrownBy(() -> Folds.requireNone(config))
                .hasMessageContaining("data.train is")
                .hasMessageContaining("--fold all");
        TrainConfig single = ConfigReader.read(null, List.of());
        assertThatThrownBy(() -> Folds.of(single, 1)).hasMessageContaining("data.folds is 0");
        assertThat(Folds.of(config, 2).data().train()).endsWith("train_set_2.csv");
        assertThat(Folds.of(config, 2).train().outputDir()).endsWith("x/fold2");
        TrainConfig named = ConfigReader.read(null, settings("x", "train.output_dir=" + runs + "/f{fold}/x"));
        assertThat(Folds.of(named, 2).train().outputDir()).endsWith("/f2/x");
    }

    @Test
    void fervAndMafwShapedSetsTrainAndTest() throws IOException {
        Path ferv = Files.createDirectories(runs.resolve("ferv"));
        List<String> settings =
                new ShapedSets(ferv).ferv39k(21).settings("ferv39k", "train.csv", "test.csv", runs.resolve("run-ferv"));
        TrainAndTest runner = new TrainAndTest(new PrintWriter(new StringWriter()), () -> false);
        TestResult result = runner.run(ConfigReader.read(null, settings)).orElseThrow();
        assertThat(result.matrix().total()).isEqualTo(7);
        assertThat(result.names()).containsExactly("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise");
        Path mafw = Files.createDirectories(runs.resolve("mafw"));
        settings = new ShapedSets(mafw).mafw(33).settings("mafw", "train.csv", "test.csv", runs.resolve("run-mafw"));
        result = runner.run(ConfigReader.read(null, settings)).orElseThrow();
        assertThat(result.names()).hasSize(11);
        assertThat(result.matrix().absentClasses()).isEmpty();
    }
}

package org.s2d.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.s2d.tensor.UserException;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;

class AblationTest {
    @TempDir
    static Path data;

    @TempDir
    Path folder;

    @BeforeAll
    static void writeConfiguration() throws IOException {
        Path list = TinyClips.write(data, 12);
        List<String> settings = TinyClips.settings(list, Path.of("unused"));
        settings.addAll(List.of("data.test=" + list, "model.depth=1", "train.epochs=1", "train.batch_size=6"));
        Files.writeString(data.resolve("video.yaml"), ConfigReader.print(ConfigReader.read(null, settings)));
        settings.addAll(List.of("model.mode=image", "model.num_frames=1"));
        Files.writeString(data.resolve("image.yaml"), ConfigReader.print(ConfigReader.read(null, settings)));
    }

    private Path grid(String text) throws IOException {
        return Files.writeString(folder.resolve("grid.yaml"), text.replace("DATA", data.toString()));
    }

    private String run(Path grid, BooleanSupplier stop) {
        StringWriter out = new StringWriter();
        Ablation.run(grid, folder.resolve("out").toString(), List.of(), new PrintWriter(out), stop);
        return out.toString();
    }

    @Test
    void variantsAreTrainedFromImageModelsOfTheirOwnAndComparedOnTheSameClips() throws IOException {
        Path grid = grid("""
            config: DATA/video.yaml
            image: DATA/image.yaml
            seeds: [0, 1]
            variants:
              full: {}
              no prompts: {model.prompt_type: none}
              no distillation: {loss.sdl.enabled: false}
            """);
        AtomicInteger asked = new AtomicInteger();
        String stopped = run(grid, () -> asked.incrementAndGet() > 12);
        assertThat(stopped).contains("stopped. The same command continues.");
        String out = run(grid, () -> false);
        assertThat(out).contains("== run 6 of 6: no distillation, seed 1").contains("on the same 12 test clips");
        try (var images = Files.list(folder.resolve("out/images"))) {
            // Those of full and of no distillation are alike, and one folder serves both.
            assertThat(images).hasSize(4);
        }
        List<String> csv = Files.readAllLines(folder.resolve("out/ablation.csv"));
        assertThat(csv).hasSize(4);
        assertThat(csv.get(0)).startsWith("variant,seeds,uar,uar_low,uar_high,war,");
        assertThat(csv.get(2)).startsWith("no prompts,2,");
        String markdown = Files.readString(folder.resolve("out/ablation.md"));
        assertThat(markdown).contains("|---|---:|").contains("| no prompts | 2 |");
        long modified = Files.getLastModifiedTime(folder.resolve("out/full/seed0/last.pth"))
                .toMillis();
        assertThat(run(grid, () -> false)).contains("UAR less first").doesNotContain("epoch 1/1");
        assertThat(Files.getLastModifiedTime(folder.resolve("out/full/seed0/last.pth"))
                        .toMillis())
                .isEqualTo(modified);
    }

    @Test
    void aGridIsEveryCombination() throws IOException {
        AblationPlan plan = AblationPlan.read(grid("""
            config: DATA/video.yaml
            set: {train.epochs: 3}
            grid:
              loss.sdl.k: [1, 2]
              model.prompter: [fovea, cross-attention]
            """));
        assertThat(plan.variants())
                .containsOnlyKeys(
                        "k=1, prompter=fovea",
                        "k=1, prompter=cross-attention",
                        "k=2, prompter=fovea",
                        "k=2, prompter=cross-attention");
        TrainConfig config = plan.config("k=2, prompter=cross-attention", 5);
        assertThat(config.loss().sdl().k()).isEqualTo(2);
        assertThat(config.model().prompter()).isEqualTo("cross-attention");
        assertThat(config.train().epochs()).isEqualTo(3);
        assertThat(config.train().seed()).isEqualTo(5);
        assertThat(config.train().outputDir()).isEqualTo("runs/grid/k_2_prompter_cross-attention/seed5");
    }

    @Test
    void settingsForAllReachTheImageModelToo() throws IOException {
        AblationPlan plan = AblationPlan.read(grid("""
            config: DATA/video.yaml
            image: DATA/image.yaml
            set: {landmark.seed: 3, model.num_frames: 4, train.epochs: 3}
            variants:
              full: {}
              other landmarks: {landmark.seed: 4}
            """)).with(List.of("model.depth=2"));
        Path image = Objects.requireNonNull(plan.image());
        TrainConfig first = plan.imageConfig(image, "full", 0);
        assertThat(first.landmark().seed()).isEqualTo(3);
        assertThat(first.model().depth()).isEqualTo(2);
        assertThat(first.model().numFrames()).as("a photograph is one frame").isEqualTo(1);
        assertThat(first.train().epochs()).as("its own budget").isEqualTo(1);
        assertThat(plan.imageConfig(image, "other landmarks", 0).landmark().seed())
                .isEqualTo(4);
        assertThat(plan.config("full", 0).model().depth()).isEqualTo(2);
    }

    @Test
    void theGridThatComesWithTheProgramIsSound() {
        AblationPlan plan = AblationPlan.read(Path.of("src", "main", "configs", "ablation-real-faces.yaml"));
        assertThat(plan.variants()).hasSize(10);
        Path image = plan.image();
        assertThat(image).isNotNull();
        for (String variant : plan.variants().keySet()) {
            assertThat(plan.config(variant, 0).data().test()).isNotEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "variants: {a: {}} | 1 variants, expected at least two",
                "variant: {a: {}, b: {}} | unknown key 'variant'",
                "variants: {a b: {}, a_b: {}} | the folder a_b",
                "variants: {a: {}, b: [1]} | expected, such as {loss.sdl.k: 4}",
                "grid: {loss.sdl.k: 3} | expected a list of values",
                "{variants: {a: {}, b: {}}, seeds: [x]} | expected whole numbers",
                "[1] | expected keys and values",
                "a: b: c | not valid YAML",
            })
    void mistakesInAGridAreNamed(String text, String message) throws IOException {
        Path grid = grid(text);
        assertThatThrownBy(() -> AblationPlan.read(grid))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("grid.yaml")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void aWrongKeyInTheLastVariantIsFoundBeforeTheFirstIsTrained() throws IOException {
        Path grid = grid("""
            config: DATA/video.yaml
            variants:
              full: {}
              typo: {model.promter: fovea}
            """);
        assertThatThrownBy(() -> run(grid, () -> false))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("unknown key 'model.promter'");
        assertThat(folder.resolve("out")).doesNotExist();
    }
}

package org.s2d.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.s2d.data.DatasetFormat;
import org.s2d.data.augment.Augmentation;
import org.s2d.data.augment.ErasePatch;
import org.s2d.data.augment.RandAugment;
import org.s2d.loss.SdlSchedule;
import org.s2d.optim.CosineSchedule;
import org.s2d.report.Reported;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;

/** The configurations that come with the program. */
class ConfigFilesTest {
    private static final Path FOLDER = Path.of("src", "main", "configs");

    static List<Path> files() throws IOException {
        try (Stream<Path> found = Files.list(FOLDER)) {
            return found.filter(file -> file.toString().endsWith(".yaml"))
                    .filter(file -> !String.valueOf(file.getFileName()).startsWith("ablation"))
                    .sorted()
                    .toList();
        }
    }

    private static TrainConfig config(String name) {
        return ConfigReader.read(FOLDER.resolve(name + ".yaml"), List.of());
    }

    @ParameterizedTest
    @MethodSource("files")
    void everyFileIsAConfigurationWhoseSelfDistillationTakesPartWhereItIsOn(Path file) {
        TrainConfig config = ConfigReader.read(file, List.of());
        assertThat(config.data().train()).isNotEmpty();
        assertThat(config.train().outputDir()).startsWith("runs/");
        SdlSchedule sdl = Schedules.sdl(config);
        if (sdl != null) {
            assertThat(sdl.takesPart(config.train().epochs())).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dfew", "mafw", "ferv39k"})
    void clipsAreTrainedOnAsInTheAuthorsScripts(String name) {
        TrainConfig config = config(name);
        // Two GPUs with 8 clips each: lr 1e-5 * 16 / 8, min_lr 1e-8 * 16 / 256, two epochs of warm-up from 0.
        CosineSchedule lr = Schedules.lr(config, 10);
        assertThat(lr.base()).isCloseTo(2e-5, within(1e-18));
        assertThat(lr.last()).isCloseTo(6.25e-10, within(1e-21));
        assertThat(lr.warmupSteps()).isEqualTo(20);
        assertThat(lr.steps()).isEqualTo(1000);
        assertThat(lr.at(0)).isZero();
        assertThat(config.train().freeze()).isEqualTo("s2d");
        assertThat(config.model().numFrames()).isEqualTo(16);
        assertThat(config.model().imageSize()).isEqualTo(224);
        assertThat(config.optim().weightDecay()).isEqualTo(0.05);
        assertThat(config.data().testNumSegment()).isEqualTo(2);
        assertThat(config.data().testNumCrop()).isEqualTo(2);
        boolean plain = name.equals("ferv39k");
        assertThat(config.data().augment().mixes()).isEqualTo(!plain);
        assertThat(config.model().headDropout()).isEqualTo(plain ? 0 : 0.5);
        assertThat(config.loss().smoothing()).isEqualTo(plain ? 0 : 0.1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"dfew", "mafw", "ferv39k", "affectnet-7", "affectnet-8", "raf-db"})
    void publishedDataSetsStandBesideTheirPublishedResults(String name) {
        TrainConfig config = config(name);
        assertThat(Reported.of(config.data().benchmark())).isNotEmpty();
        assertThat(name).startsWith(DatasetFormat.parse(config.data().format()).key());
        assertThat(config.model().mode()).isEqualTo(name.contains("-") ? "image" : "video");
        assertThat(config.train().bestMetric()).isEqualTo("war");
    }

    @Test
    void theRecipesRandomChangesAreTheReleases() {
        TrainConfig.Augment augment = config("dfew").data().augment();
        Augmentation release = Augmentation.release();
        assertThat(RandAugment.parse(augment.aa()))
                .isEqualTo(release.randAugment().orElseThrow());
        assertThat(augment.cropScale()).containsExactly(0.08, 1.0);
        assertThat(augment.cropRatio()).containsExactly(0.75, 1.3333);
        assertThat(augment.flip()).isEqualTo(release.flipProbability());
        ErasePatch.Rule erase = release.erase().orElseThrow();
        assertThat(augment.reprob()).isEqualTo(erase.probability());
        assertThat(augment.remode()).isEqualTo("pixel");
        assertThat(augment.mixup()).isEqualTo(0.8);
        assertThat(augment.cutmix()).isEqualTo(1);
        assertThat(augment.mixupMode()).isEqualTo("batch");
    }
}

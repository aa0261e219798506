package org.s2d.train.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.s2d.tensor.UserException;

class ConfigReaderTest {
    private static TrainConfig parse(String text, String... settings) {
        return ConfigReader.parse("run.yaml", text, List.of(settings));
    }

    @Test
    void printedConfigurationReadsBackTheSame() {
        TrainConfig config = parse("model: {size: base}\noptim: {lr: 1e-5, weight_decay_end: 0.1}\n");
        assertThat(parse(ConfigReader.print(config))).isEqualTo(config);
    }

    @Test
    void presetsFillWhatIsNotSaid() {
        TrainConfig config = parse("model: {size: base, num_frames: 8}\n");
        assertThat(config.model().embedDim()).isEqualTo(768);
        assertThat(config.model().numFrames()).isEqualTo(8);
        assertThat(parse("model: {mode: image}").model().numFrames()).isEqualTo(1);
    }

    @Test
    void settingsWinAndMayBeShort() {
        TrainConfig config = parse("optim: {lr: 1}\n", "lr=2e-4", "data.augment.crop_scale=[]", "labels=[a, b]");
        assertThat(config.optim().lr()).isEqualTo(2e-4);
        assertThat(config.data().augment().cropScale()).isEmpty();
        assertThat(config.data().labels()).containsExactly("a", "b");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "optim: {learning: 1} | run.yaml:1: unknown key 'optim.learning'",
                "train: {epoch: 1} | Did you mean 'train.epochs'?",
                "optim: {lr: fast} | run.yaml:1: optim.lr is \"fast\", expected a number",
                "train: {epochs: 1.5} | train.epochs is 1.5, expected a whole number",
                "train: {epochs: 0} | run.yaml:1: train.epochs is 0, expected at least 1",
                "data: {balanced: maybe} | data.balanced is \"maybe\", expected true or false",
                "model: {size: huge} | model.size 'huge' is unknown",
                "model: {mode: film} | model.mode is 'film', expected one of image, video",
                "train: {micro_batch: -1} | train.micro_batch is -1, expected at least 0",
                "{train: {micro_batch: 1}, model: {family: s4d}} | run.yaml:1: train.micro_batch is 1, expected 0 with"
                        + " experts",
                "train: 3 | 'train' is a section",
                "{train: {seed: 1}, train: {seed: 2}} | a second time",
                "[1] | expected keys and values",
                "a: b: c | not valid YAML",
            })
    void mistakesAreNamedWithTheirPlace(String text, String message) {
        assertThatThrownBy(() -> parse(text))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void lineNumbersAreThoseOfTheFile() {
        assertThatThrownBy(() -> parse("train:\n  epochs: 3\n  batchsize: 4\n"))
                .hasMessageContaining("run.yaml:3:")
                .hasMessageContaining("'train.batch_size'");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {"lr, expected key=value", "nosuch=1, unknown key 'nosuch'", "lr=[, not valid YAML"})
    void wrongSettingsAreNamed(String setting, String message) {
        assertThatThrownBy(() -> parse("", setting))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("--set " + setting)
                .hasMessageContaining(message);
    }
}

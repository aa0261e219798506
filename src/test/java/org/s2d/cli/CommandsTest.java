package org.s2d.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands as a user types them. */
class CommandsTest {
    private static final Path TINY = Path.of("weights", "reference", "s2d_tiny", "state.safetensors");

    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();

    private int run(Object... arguments) {
        String[] texts = Arrays.stream(arguments).map(Object::toString).toArray(String[]::new);
        PrintWriter writer = new PrintWriter(out);
        return Main.run(writer, writer, texts);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "quickstart",
                "pretrain",
                "train",
                "evaluate",
                "predict",
                "verify",
                "report",
                "compare",
                "inspect",
                "convert",
                "export",
                "prepare",
                "pairs",
                "check-data",
                "ablate",
                "doctor",
                "check",
                "package"
            })
    void everyCommandHasHelpWithAnExample(String command) {
        PrintStream usual = System.err;
        ByteArrayOutputStream warnings = new ByteArrayOutputStream();
        System.setErr(new PrintStream(warnings, true, StandardCharsets.UTF_8));
        try {
            assertThat(run(command, "--help")).isZero();
        } finally {
            System.setErr(usual);
        }
        // Picocli warns of a text that is no format: a per cent sign that is not doubled.
        assertThat(warnings.toString(StandardCharsets.UTF_8)).isEmpty();
        assertThat(out.toString())
                .contains("Usage: s2d " + command)
                .contains("Example")
                .contains("./s2d " + command);
        assertThat(out.toString().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }

    @Test
    void inspectPrintsAModelWithItsTotals() {
        assertThat(run("inspect", "--model", "s2d-base")).isZero();
        assertThat(out.toString())
                .contains("95,055,571")
                .contains("9,258,451")
                .contains("qkv: Linear")
                .contains("(2304, 768)");
    }

    @Test
    void inspectTellsWhatDoesNotFit() {
        assertThat(run("inspect", TINY, "--model", "s2d-base")).isEqualTo(Main.FAILED);
        assertThat(out.toString()).contains("does not fit s2d-base");
    }

    @Test
    void convertThereAndBackKeepsEveryBit() throws Exception {
        Path pickled = folder.resolve("model.pth");
        Path back = folder.resolve("model.safetensors");
        assertThat(run("convert", TINY, pickled)).isZero();
        assertThat(run("convert", pickled, back)).isZero();
        assertThat(run("inspect", pickled)).isZero();
        assertThat(out.toString()).contains("PyTorch zip").contains("7 classes");
        assertThat(Files.size(back)).isPositive();
        Path again = folder.resolve("again.safetensors");
        assertThat(run("convert", back, pickled)).isZero();
        assertThat(run("convert", pickled, again)).isZero();
        assertThat(again).hasSameBinaryContentAs(back);
    }

    @Test
    void verifyEndsWithOneIfATensorFails() throws Exception {
        Path copy = Files.createDirectories(folder.resolve("sdl"));
        Path original = Path.of("weights", "reference", "sdl");
        try (var files = Files.list(original)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        assertThat(run("verify", copy)).isZero();
        assertThat(out.toString()).contains(" 0 failed");
        Path tensors;
        try (var files = Files.list(copy)) {
            tensors = files.filter(file -> file.toString().endsWith(".safetensors"))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(tensors);
        for (int i = bytes.length / 2; i + 2 < bytes.length; i += 4) {
            bytes[i + 2] ^= 0x40; // mantissa bits of half of the values
        }
        Files.write(tensors, bytes);
        assertThat(run("verify", copy)).isEqualTo(Main.FAILED);
        assertThat(out.toString()).contains("FAIL");
    }
}

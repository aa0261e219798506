package org.s2d.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.train.TinyClips;
import org.s2d.weights.PickleBytes;

/** What a user sees who gives something wrong: one line on the error stream, exit code 2 or 3. */
class CommandErrorsTest {
    @TempDir
    static Path shared;

    private static Path list = Path.of("");
    private static Path checkpoint = Path.of("");

    @TempDir
    Path folder;

    private record Result(int code, String out, String err) {
        void isBadInput(String... parts) {
            assertThat(code).as(err).isEqualTo(Main.BAD_INPUT);
            isOneLine(parts);
        }

        void isOneLine(String... parts) {
            assertThat(err).startsWith("s2d: ").contains(parts).endsWith("\n");
            assertThat(err.strip().lines()).hasSize(1);
        }
    }

    private static Result run(List<String> arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.run(new PrintWriter(out), new PrintWriter(err), arguments.toArray(String[]::new));
        return new Result(code, out.toString(), err.toString());
    }

    private static Result run(Object... arguments) {
        return run(Arrays.stream(arguments).map(Object::toString).toList());
    }

    private static Result train(Path clips, Path output, String... settings) {
        List<String> arguments = new ArrayList<>(List.of("train"));
        List<String> all = TinyClips.settings(clips, output);
        all.add("train.epochs=1");
        all.addAll(List.of(settings));
        all.forEach(setting -> arguments.addAll(List.of("--set", setting)));
        return run(arguments);
    }

    private Path ownClips() throws IOException {
        return TinyClips.write(Files.createDirectories(folder.resolve("data")), 6);
    }

    @BeforeAll
    static void trainOnce() throws IOException {
        list = TinyClips.write(Files.createDirectories(shared.resolve("data")), 6);
        assertThat(train(list, shared.resolve("run")).code).isZero();
        checkpoint = shared.resolve("run/best.pth");
    }

    @Test
    void wrongConfigurationKey() {
        train(list, folder.resolve("run"), "optim.learning_rate=1").isBadInput("unknown key 'optim.learning_rate'");
    }

    @Test
    void configurationFileThatIsMissingOrNotText() throws IOException {
        run("train", folder.resolve("no.yaml")).isBadInput("no.yaml");
        Path binary = Files.write(folder.resolve("binary.yaml"), new byte[] {0, 1, -1, -2, 3});
        run("train", binary).isBadInput("binary.yaml");
    }

    @Test
    void unknownLabel() throws IOException {
        Path clips = ownClips();
        Files.writeString(clips, Files.readString(clips) + "clip0,astonished\n");
        train(clips, folder.resolve("run"), "data.labels=[rising, falling, still]")
                .isBadInput("list.csv:8", "astonished");
    }

    @Test
    void missingClip() throws IOException {
        Path clips = ownClips();
        Files.writeString(clips, Files.readString(clips) + "clip99,still\n");
        train(clips, folder.resolve("run")).isBadInput("clip99");
    }

    @Test
    void picturesThatAreEmptyCutOffOrNoPictures() throws IOException {
        for (byte[] content : List.of(
                new byte[0], new byte[] {-1, -40, -1, -32, 0, 16, 'J', 'F'}, "text".getBytes(StandardCharsets.UTF_8))) {
            Path clips = ownClips();
            Path frame = clips.resolveSibling("clip2").resolve("f1.png");
            Files.delete(frame);
            Files.write(frame.resolveSibling("f1.jpg"), content);
            train(clips, folder.resolve("run" + content.length)).isBadInput("clip2", "f1.jpg");
        }
    }

    @Test
    void truncatedCheckpoint() throws IOException {
        byte[] whole = Files.readAllBytes(checkpoint);
        Path half = Files.write(folder.resolve("half.pth"), Arrays.copyOf(whole, whole.length / 2));
        run("inspect", half).isBadInput("half.pth");
        run("convert", half, folder.resolve("half.safetensors")).isBadInput("half.pth");
        run("evaluate", half, "--data", list).isBadInput("half.pth");
        train(list, folder.resolve("run"), "train.finetune=" + half).isBadInput("half.pth");
        assertThat(folder.resolve("half.safetensors")).doesNotExist();
    }

    @Test
    void pickleThatTriesToRunCode() throws IOException {
        Path proof = folder.resolve("executed");
        Path attack = new PickleBytes()
                .op(0x80, 2)
                .global("os", "system")
                .text("touch " + proof)
                .op(0x85)
                .raw("R")
                .zip(folder.resolve("attack.pth"));
        run("inspect", attack).isBadInput("attack.pth", "'os.system'", "nothing was executed");
        train(list, folder.resolve("run"), "train.finetune=" + attack).isBadInput("'os.system'");
        assertThat(proof).doesNotExist();
    }

    @Test
    void classCountsThatDiffer() {
        train(
                        list,
                        folder.resolve("run"),
                        "data.labels=[rising, falling, still, more]",
                        "train.finetune=" + checkpoint,
                        "train.strict=true")
                .isBadInput("3 classes", "4");
        run("evaluate", checkpoint, "--data", list, "--set", "data.labels=[rising, falling, still, more]")
                .isBadInput("3 classes", "4 classes");
    }

    @Test
    void outputFolderThatCannotBeWritten() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "not a folder");
        train(list, file.resolve("run")).isBadInput("file");
        run("convert", checkpoint, file.resolve("out.safetensors")).isBadInput("file");
        run("evaluate", checkpoint, "--data", list, "--output", file).isBadInput("file");
    }

    @Test
    void nothingToPrepare() {
        run("pairs", folder, folder.resolve("out")).isBadInput("annotations.csv", "not found");
        run("prepare", folder, folder.resolve("out")).isBadInput("no videos or photographs with a class in it");
    }

    @Test
    void noSpaceLeft() {
        if (Files.exists(Path.of("/dev/full"))) {
            run("convert", checkpoint, "/dev/full").isBadInput("/dev/full");
        }
    }

    @Test
    void commandsAndOptionsThatDoNotExist() {
        run("trian").isBadInput("trian");
        run().isBadInput("Which command?");
        run("train", "--epoch", "3").isBadInput("--epoch");
        run("inspect").isBadInput("--model");
        run("inspect", "--model", "s2d-huge").isBadInput("s2d-huge");
        run("verify", folder.resolve("nothing")).isBadInput("nothing");
        run("verify", folder).isBadInput("manifest.json");
        run("convert", checkpoint, folder.resolve("weights.onnx")).isBadInput("weights.onnx");
        train(list, folder.resolve("run"), "train.device=toaster").isOneLine("toaster");
    }

    @Test
    void listWithNothingInIt() throws IOException {
        Path empty = Files.writeString(folder.resolve("empty.csv"), "path,label\n");
        train(empty, folder.resolve("run")).isBadInput("empty.csv");
        Files.write(empty, new byte[0]);
        train(empty, folder.resolve("run")).isBadInput("empty.csv");
        run("evaluate", checkpoint, "--data", empty).isBadInput("empty.csv");
    }
}

package org.s2d.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.UserException;

/** Files that try to run code, to exhaust memory or time, or that are of another kind. */
@Timeout(20)
class HostileCheckpointTest {
    @TempDir
    Path folder;

    private Path target() {
        return folder.resolve("hostile.pth");
    }

    private static void assertRefused(Path file, String... parts) {
        assertThatThrownBy(() -> Checkpoint.open(file).close())
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContainingAll(parts)
                .message()
                .doesNotContain("\n");
    }

    @Test
    void pickleThatRunsCodeIsRefusedByName() throws IOException {
        Path proof = folder.resolve("executed");
        PickleBytes attack = new PickleBytes().op(0x80, 2).global("os", "system");
        assertRefused(
                attack.text("touch " + proof).op(0x85).raw("R").zip(target()), "'os.system'", "nothing was executed");
        assertThat(proof).doesNotExist();
    }

    @Test
    void everyWayToNameCodeIsRefused() throws IOException {
        assertRefused(new PickleBytes().raw("(S'ls'\nios\nsystem\n").zip(target()), "opcode 0x53");
        assertRefused(new PickleBytes().raw("(ios\nsystem\n").zip(target()), "'os.system'");
        assertRefused(new PickleBytes().text("posix").text("system").op(0x93).zip(target()), "'posix.system'");
        assertRefused(
                new PickleBytes().raw("(cbuiltins\neval\n").text("1").raw("o").zip(target()), "'builtins.eval'");
        assertRefused(new PickleBytes().global("builtins", "getattr").zip(target()), "'builtins.getattr'");
        assertRefused(new PickleBytes().global("torch", "load").zip(target()), "'torch.load'");
        assertRefused(new PickleBytes().text("x").raw(")R").zip(target()), "not a name");
        assertRefused(new PickleBytes().op(0x82, 1).zip(target()), "opcode 0x82");
    }

    @Test
    void bareMaliciousPickleIsRefused() throws IOException {
        byte[] bytes = new PickleBytes()
                .op(0x80, 2)
                .global("os", "system")
                .text("ls")
                .op(0x85)
                .raw("R.")
                .bytes();
        assertRefused(Files.write(target(), bytes), "'os.system'", "nothing was executed");
    }

    @Test
    void nameWithControlCharactersStaysOnOneLine() throws IOException {
        assertRefused(
                new PickleBytes().text("a\nb\u001b[2J").text("c\r").op(0x93).zip(target()), "'a?b?[2J.c?'");
    }

    @Test
    void ordinaryPickleIsNotACheckpoint() throws IOException {
        assertRefused(
                Files.write(target(), new PickleBytes().op(0x80, 4).raw("]}a.").bytes()), "not a PyTorch");
    }

    @Test
    void tensorThatLeavesItsStorageIsRefused() throws IOException {
        long[][][] bad = {
            {{1}, {5}, {1}},
            {{0}, {2, 2}, {3, 1}},
            {{4}, {1}, {1}},
            {{-1}, {1}, {1}},
            {{0}, {2}, {-1}},
            {{0}, {2}, {Long.MAX_VALUE}},
            {{Long.MAX_VALUE}, {1}, {1}},
            {{0}, {2, 2}, {1}},
        };
        for (long[][] view : bad) {
            assertRefused(
                    new PickleBytes().tensor(4, view[0][0], view[1], view[2]).zip(target(), new byte[16]),
                    "leaves its storage of 4");
        }
        assertRefused(
                new PickleBytes().tensor(5, 0, new long[] {5}, new long[] {1}).zip(target(), new byte[16]), "16");
        assertRefused(
                new PickleBytes()
                        .tensor(1L << 62, 0, new long[] {1}, new long[] {1})
                        .zip(target(), new byte[16]),
                "expected 4611686018427387904 elements");
        assertRefused(
                new PickleBytes().tensor(4, 0, new long[] {-2}, new long[] {1}).zip(target(), new byte[16]), "size -2");
    }

    @Test
    void hugeBroadcastIsRefusedAndASmallOneLoads() throws IOException {
        assertRefused(
                new PickleBytes()
                        .tensor(1, 0, new long[] {1 << 20, 1 << 10}, new long[] {0, 0})
                        .zip(target(), new byte[4]),
                "repeats the 1 elements");
        new PickleBytes()
                .tensor(1, 0, new long[] {2, 3}, new long[] {0, 0})
                .zip(target(), (byte) 0, (byte) 0, (byte) -128, (byte) 63);
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool);
                Checkpoint file = Checkpoint.open(target())) {
            assertThat(file.load("tensor", scope).toFloats()).containsOnly(1f).hasSize(6);
        }
    }

    @Test
    void cyclesAndDeepNestingAreRefused() throws IOException {
        assertRefused(new PickleBytes().raw("]").op('q', 0).op('h', 0).raw("a").zip(target()), "contains itself");
        PickleBytes deep = new PickleBytes();
        for (int i = 0; i < 100_000; i++) {
            deep.raw("]");
        }
        for (int i = 0; i < 99_999; i++) {
            deep.raw("a");
        }
        assertRefused(deep.zip(target()), "nested more than 100");
    }

    @Test
    void exponentialSharingIsBounded() throws IOException {
        PickleBytes laughs = new PickleBytes().raw("]").op('q', 0);
        for (int i = 1; i < 40; i++) {
            laughs.raw("0](");
            for (int j = 0; j < 10; j++) {
                laughs.op('h', i - 1);
            }
            laughs.raw("e").op('q', i);
        }
        assertRefused(laughs.zip(target()), "more than 1000000 entries");
    }

    @Test
    void repeatedCopiesOfAMemoisedValueAreBounded() throws IOException {
        PickleBytes bomb = new PickleBytes()
                .text("a".repeat(1 << 20))
                .op('q', 0)
                .raw("0")
                .text("latin1")
                .op('q', 1);
        bomb.raw("0").global("_codecs", "encode").op('q', 2).raw("0](");
        for (int i = 0; i < 1000; i++) {
            bomb.op('h', 2, 'h', 0, 'h', 1, 0x86, 'R');
        }
        assertRefused(bomb.raw("e").zip(target()), "MiB beside its tensors");
        PickleBytes lists = new PickleBytes().raw("](");
        for (int i = 0; i < 10_000; i++) {
            lists.raw("N");
        }
        lists.raw("e").op('q', 0).raw("0").global("builtins", "list").op('q', 1).raw("0](");
        for (int i = 0; i < 10_000; i++) {
            lists.op('h', 1, 'h', 0, 0x85, 'R');
        }
        assertRefused(lists.raw("e").zip(target()), "steps");
    }

    @Test
    void malformedStreamsAreRefused() throws IOException {
        for (String stream : List.of(
                "",
                "0",
                "t",
                "(",
                "R",
                "NR",
                "a",
                "s",
                "}Na",
                "]Ns",
                "h\0",
                "b",
                "NNb",
                "Q",
                "NQ",
                "(Q",
                "]]]",
                "\u0093",
                "N\u0093",
                "q\0",
                "2",
                "1",
                "]a",
                "(a",
                "\u0080\u0009",
                "G",
                "L1x\n",
                "F?\n",
                "}(NNNu",
                "}]Ns",
                "o",
                "(o",
                "\u008f\u0090",
                ")\u0081",
                "N)\u0081",
                "gx\n",
                "X\u00ff\u00ff\u00ff\u00ff",
                "\u008d\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff",
                "\u008b\u00ff\u00ff\u00ff\u00ff")) {
            assertThatThrownBy(
                            () -> Checkpoint.open(new PickleBytes().raw(stream).zip(target()))
                                    .close())
                    .as(stream)
                    .isInstanceOf(UserException.class);
        }
    }

    @Test
    void zipBombIsRefusedQuickly() throws IOException {
        byte[] bomb = new byte[20 << 20];
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(target()))) {
            zip.putNextEntry(new ZipEntry("x/data.pkl"));
            zip.write(bomb);
            zip.closeEntry();
        }
        // Inflates to twenty megabytes of opcode 0, which is none.
        assertRefused(target(), "unknown or unsupported opcode 0x0");
        byte[] zip = Files.readAllBytes(target());
        int record = new String(zip, StandardCharsets.ISO_8859_1).lastIndexOf("PK\1\2");
        ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN).putInt(record + 24, 2_000_000_000);
        assertRefused(Files.write(target(), zip), "zip bomb");
    }

    @Test
    void foreignFilesAreNamedAsSuch() throws IOException {
        assertRefused(Files.writeString(target(), "hello world, not a checkpoint"), "not a checkpoint");
        assertRefused(Files.write(target(), new byte[] {1}), "not a checkpoint");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(target()))) {
            PickleBytes.store(zip, "readme.txt", new byte[3]);
        }
        assertRefused(target(), "neither a PyTorch checkpoint nor NumPy arrays");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(target()))) {
            PickleBytes.store(zip, "m/data.pkl", new byte[3]);
            PickleBytes.store(zip, "m/constants.pkl", new byte[3]);
        }
        assertRefused(target(), "TorchScript");
    }

    @Test
    void numbersOfEverySizeAreRead() throws IOException {
        Path file = new PickleBytes()
                .op(0x80, 2)
                .raw("}(")
                .text("huge")
                .op(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1)
                .text("negative")
                .op(0x8a, 1, 0xff)
                .text("zero")
                .op(0x8a, 0)
                .text("text")
                .raw("L-12L\n")
                .text("yes")
                .raw("I01\n")
                .text("half")
                .raw("F0.5\n")
                .raw("u")
                .zip(target());
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            assertThat(checkpoint.root())
                    .isEqualTo(Map.of(
                            "huge",
                            BigInteger.ONE.shiftLeft(64),
                            "negative",
                            -1L,
                            "zero",
                            0L,
                            "text",
                            -12L,
                            "yes",
                            true,
                            "half",
                            0.5));
        }
    }

    @Test
    void endlessOpcodesAreCutOff() throws IOException {
        PickleBytes marks = new PickleBytes();
        for (int i = 0; i < 3_000_000; i++) {
            marks.raw("(");
        }
        Path file = marks.zip(target());
        assertRefused(file, "steps");
    }
}

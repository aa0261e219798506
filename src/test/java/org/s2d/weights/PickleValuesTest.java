package org.s2d.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.UserException;

/** The harmless names of the table and the values that stand for them. */
class PickleValuesTest {
    @TempDir
    Path folder;

    private Object root(PickleBytes pickle) throws IOException {
        try (Checkpoint file = Checkpoint.open(pickle.zip(folder.resolve("a.pth")))) {
            return file.root();
        }
    }

    private static PickleBytes call(String module, String name) {
        return new PickleBytes().global(module, name).raw("(");
    }

    @Test
    void containersBecomeListsAndMaps() throws IOException {
        assertThat(root(call("collections", "OrderedDict")
                        .raw("](](")
                        .text("a")
                        .integer(1)
                        .raw("eetR")))
                .isEqualTo(Map.of("a", 1L));
        PickleBytes counts = call("collections", "defaultdict").global("__builtin__", "long");
        assertThat(root(counts.raw("tR").text("n").integer(2).raw("s"))).isEqualTo(Map.of("n", 2L));
        assertThat(root(call("__builtin__", "set")
                        .raw("](")
                        .integer(1)
                        .integer(2)
                        .raw("etR")))
                .isEqualTo(List.of(1L, 2L));
        assertThat(root(call("torch", "Size").raw("(").integer(3).raw("ttR")))
                .isEqualTo(List.of(3L))
                .isInstanceOf(PyTuple.class);
        assertThat(root(call("_codecs", "encode").text("aÿ").text("latin1").raw("tR")))
                .isEqualTo(new byte[] {'a', -1});
    }

    @Test
    void objectsKeepClassArgumentsAndAttributes() throws IOException {
        assertThat(root(new PickleBytes().global("torch", "bfloat16"))).hasToString("torch.bfloat16");
        assertThat(root(call("torch", "device").text("cpu").raw("tR"))).hasToString("torch.device[cpu]");
        PickleBytes path = call("pathlib._local", "PosixPath").text("runs").text("a");
        assertThat(root(path.raw("tR"))).hasToString("pathlib.PosixPath[runs, a]");
        PickleBytes namespace = call("copy_reg", "_reconstructor").global("argparse", "Namespace");
        namespace.global("__builtin__", "object").raw("NtR}").text("lr").raw("G?\u00e0\0\0\0\0\0\0sb");
        assertThat(root(namespace)).hasToString("argparse.Namespace{lr=0.5}");
    }

    @Test
    void elementTypesAreMentionedButNotCalled() {
        assertThatThrownBy(() -> root(call("torch", "float32").raw("tR")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("a call of torch.float32");
    }

    @Test
    void keysMustBePlain() {
        assertThatThrownBy(() -> root(new PickleBytes().raw("}]Ns")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("neither text nor a number");
    }

    @Test
    void firstTopKeyOfTheListGivesTheStateDict() throws IOException {
        PickleBytes two =
                new PickleBytes().raw("}(").text("state_dict").raw("}").text("b");
        two.tensor(1, 0, new long[] {1}, new long[] {1})
                .raw("s")
                .text("model")
                .raw("}")
                .text("epoch");
        two.integer(1).raw("s").text("module").raw("}").text("a").raw("}").text("w");
        two.tensor(1, 0, new long[] {}, new long[] {}).raw("ssu");
        try (Checkpoint file = Checkpoint.open(two.zip(folder.resolve("a.pth"), new byte[4]))) {
            assertThat(file.tensors()).containsOnlyKeys("a.w"); // "model" comes first but holds no tensors
            assertThat(file.allTensors()).containsOnlyKeys("state_dict.b", "module.a.w");
        }
    }

    @Test
    void bigEndianStoragesAreSwapped() throws IOException {
        Path path = folder.resolve("a.pth");
        byte[] pickle = new PickleBytes()
                .tensor(1, 0, new long[] {1}, new long[] {1})
                .raw(".")
                .bytes();
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(path))) {
            PickleBytes.store(zip, "x/data.pkl", pickle);
            PickleBytes.store(zip, "x/byteorder", "big".getBytes(StandardCharsets.US_ASCII));
            PickleBytes.store(zip, "x/data/0", new byte[] {0x3f, (byte) 0xc0, 0, 0});
        }
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool);
                Checkpoint file = Checkpoint.open(path)) {
            assertThat(file.load("tensor", scope).toFloats()).containsExactly(1.5f);
        }
    }

    @Test
    void oldFormatOfABigEndianMachineIsRefused() throws IOException {
        byte[] bytes = new PickleBytes()
                .op(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19)
                .raw(".M\u00e9\u0003.}")
                .text("little_endian")
                .op(0x89)
                .raw("s.")
                .bytes();
        Path path = Files.write(folder.resolve("old.pth"), bytes);
        assertThatThrownBy(() -> Checkpoint.open(path))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("big-endian");
    }
}

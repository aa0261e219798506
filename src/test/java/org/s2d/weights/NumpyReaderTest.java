package org.s2d.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

class NumpyReaderTest {
    @TempDir
    Path folder;

    static byte[] npy(int version, String header, int... data) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(0x93);
        out.writeBytes("NUMPY".getBytes(StandardCharsets.US_ASCII));
        out.write(version);
        out.write(0);
        byte[] text = (header + "\n").getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < (version == 1 ? 2 : 4); i++) {
            out.write(text.length >> (8 * i));
        }
        out.writeBytes(text);
        for (int b : data) {
            out.write(b);
        }
        return out.toByteArray();
    }

    private static String header(String descr, String fortran, String shape) {
        return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
    }

    private double[] read(byte[] npy, Shape shape) throws IOException {
        Path path = Files.write(folder.resolve("a.npy"), npy);
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool);
                Checkpoint file = Checkpoint.open(path)) {
            assertThat(file.format()).isEqualTo(Checkpoint.Format.NPY);
            Tensor array = file.load("array", scope);
            assertThat(array.shape()).isEqualTo(shape);
            return array.toDoubles();
        }
    }

    @Test
    void bothOrdersAndAllVersionsAreRead() throws IOException {
        int[] six = {1, 2, 3, 4, 5, 6};
        for (int version = 1; version <= 3; version++) {
            assertThat(read(npy(version, header("|u1", "False", "(2, 3)"), six), Shape.of(2, 3)))
                    .containsExactly(1, 2, 3, 4, 5, 6);
            assertThat(read(npy(version, header("|u1", "True", "(2, 3)"), six), Shape.of(2, 3)))
                    .containsExactly(1, 3, 5, 2, 4, 6);
        }
    }

    @Test
    void bothByteOrdersScalarsAndEmptyArraysAreRead() throws IOException {
        assertThat(read(npy(1, header("<i2", "False", "(2,)"), 1, 0, 0xff, 0xff), Shape.of(2)))
                .containsExactly(1, -1);
        assertThat(read(npy(1, header(">i2", "False", "(2,)"), 0, 1, 0xff, 0xfe), Shape.of(2)))
                .containsExactly(1, -2);
        assertThat(read(npy(1, header(">f4", "False", "()"), 0x3f, 0xc0, 0, 0), Shape.of()))
                .containsExactly(1.5);
        assertThat(read(npy(1, header("<u4", "False", "(1,)"), 0xff, 0xff, 0xff, 0xff), Shape.of(1)))
                .containsExactly(4294967295.0);
        assertThat(read(npy(1, header("|b1", "False", "(2L, 1L)"), 0, 1), Shape.of(2, 1)))
                .containsExactly(0, 1);
        assertThat(read(npy(1, header("<f8", "False", "(0, 3)")), Shape.of(0, 3)))
                .isEmpty();
    }

    @Test
    void archivesAreReadStoredAndDeflated() throws IOException {
        Path path = folder.resolve("a.npz");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(path))) {
            PickleBytes.store(zip, "plain.npy", npy(1, header("|u1", "False", "(2,)"), 7, 8));
            zip.putNextEntry(new ZipEntry("deflated.npy"));
            zip.write(npy(1, header("|i1", "False", "(1000,)"), new int[1000]));
            zip.closeEntry();
        }
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool);
                Checkpoint file = Checkpoint.open(path)) {
            assertThat(file.tensors()).containsOnlyKeys("plain", "deflated");
            assertThat(file.load("plain", scope).toDoubles()).containsExactly(7, 8);
            assertThat(file.load("deflated", scope).toDoubles()).hasSize(1000).containsOnly(0);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "<f4; (3,); has only 8 bytes",
                "|O; (1,); element type '|O'",
                "<c8; (1,); element type '<c8'",
                "<f4; (2, x); without a shape",
                "<f4; (99999999999999999999,); unreadable shape",
                "<f4; (5000000000,); dimension size 5000000000",
                "<f4; (2147483647, 2147483647, 2147483647); 64 bits",
            })
    void damagedAndForeignHeadersAreRefused(String descr, String shape, String complaint) throws IOException {
        byte[] npy = npy(1, header(descr, "False", shape), new int[8]);
        Path path = Files.write(folder.resolve("a.npy"), npy);
        assertThatThrownBy(() -> Checkpoint.open(path))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(path + ": ")
                .hasMessageContaining(complaint);
    }

    @Test
    void recordsAndUnknownVersionsAreRefused() throws IOException {
        String records = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }";
        Path path = Files.write(folder.resolve("a.npy"), npy(1, records, new int[4]));
        assertThatThrownBy(() -> Checkpoint.open(path)).hasMessageContaining("not objects or records");
        Files.write(path, npy(4, header("|u1", "False", "()"), 1));
        assertThatThrownBy(() -> Checkpoint.open(path)).hasMessageContaining("format version 4");
    }
}

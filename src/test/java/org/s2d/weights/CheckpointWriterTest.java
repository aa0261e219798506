package org.s2d.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

class CheckpointWriterTest {
    @TempDir
    Path folder;

    private final HostPool pool = new HostPool();
    private Scope scope = new Scope(pool);

    @BeforeEach
    void open() {
        scope = new Scope(pool);
    }

    @AfterEach
    void close() {
        scope.close();
        pool.close();
    }

    private Tensor tensor(DType dtype, int... dims) {
        Tensor tensor = scope.allocate(dtype, Shape.of(dims));
        for (int i = 0; i < tensor.numel(); i++) {
            tensor.setDouble(i, i + 1);
        }
        return tensor;
    }

    private Map<String, Tensor> samples() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (DType dtype : DType.values()) {
            tensors.put("x." + dtype, tensor(dtype, 3, 5));
        }
        tensors.put("transposed", tensor(DType.F32, 4, 6).transpose(0, 1));
        tensors.put("narrowed", tensor(DType.BF16, 4, 6).narrow(1, 2, 3));
        tensors.put("repeated", tensor(DType.F32, 1, 2).expand(Shape.of(3, 2)));
        tensors.put("scalar", tensor(DType.F64));
        tensors.put("empty", tensor(DType.F32, 0, 2));
        return tensors;
    }

    private void assertSame(Checkpoint file, Map<String, Tensor> expected) {
        expected.forEach((name, tensor) -> {
            Tensor loaded = file.load(name, scope);
            assertThat(loaded.dtype())
                    .as(name)
                    .isEqualTo(StoredType.of(tensor.dtype()).loadsAs());
            assertThat(loaded.shape()).as(name).isEqualTo(tensor.shape());
            assertThat(loaded.toDoubles()).as(name).isEqualTo(tensor.toDoubles());
        });
        assertThat(file.tensors()).hasSameSizeAs(expected);
    }

    @Test
    void whatIsWrittenIsReadBack() {
        Path path = folder.resolve("a.pth");
        Map<String, Tensor> tensors = samples();
        Tensor moment = tensor(DType.F32, 2);
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("epoch", 7);
        entries.put("text", "é中\n");
        entries.put("big", BigInteger.TWO.pow(70).negate());
        entries.put("long", -(1L << 40));
        entries.put("real", Double.NEGATIVE_INFINITY);
        entries.put("flags", List.of(true, false, PyNone.NONE));
        entries.put("pair", PyTuple.of(0.9, 0.999));
        entries.put("optimizer", Map.of("state", Map.of(0, Map.of("exp_avg", moment))));
        entries.put("args", new PyObject("argparse.Namespace", List.of()).with("lr", 1e-5));
        entries.put("raw", new byte[] {1, -1});
        CheckpointWriter.write(path, tensors, entries, AtomicFile.Previous.DISCARD);
        try (Checkpoint file = Checkpoint.open(path)) {
            assertThat(file.format()).isEqualTo(Checkpoint.Format.PYTORCH);
            assertThat(file.tensors().keySet()).containsExactlyElementsOf(tensors.keySet());
            assertSame(file, tensors);
            assertThat(file.entry("epoch")).isEqualTo(7L);
            assertThat(file.entry("text")).isEqualTo("é中\n");
            assertThat(file.entry("big")).isEqualTo(BigInteger.TWO.pow(70).negate());
            assertThat(file.entry("long")).isEqualTo(-(1L << 40));
            assertThat(file.entry("real")).isEqualTo(Double.NEGATIVE_INFINITY);
            assertThat(file.entry("flags")).isEqualTo(List.of(true, false, PyNone.NONE));
            assertThat(file.entry("pair")).isEqualTo(List.of(0.9, 0.999)).isInstanceOf(PyTuple.class);
            assertThat(file.entry("args", "lr")).isEqualTo(1e-5);
            assertThat(file.entry("raw")).isEqualTo(new byte[] {1, -1});
            StoredTensor loaded = (StoredTensor) file.entry("optimizer", "state", 0, "exp_avg");
            assertThat(file.load(loaded, scope).toDoubles()).containsExactly(1, 2);
        }
    }

    @Test
    void archiveIsAlignedAndCarriesChecksumsThatOtherReadersAccept() throws IOException {
        Path path = folder.resolve("a.pth");
        CheckpointWriter.write(path, samples(), Map.of(), AtomicFile.Previous.DISCARD);
        List<String> names = new ArrayList<>();
        try (ZipFile zip = new ZipFile(path.toFile())) {
            for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
                ZipEntry entry = all.nextElement();
                names.add(entry.getName());
                zip.getInputStream(entry).readAllBytes();
            }
        }
        assertThat(names).startsWith("archive/data.pkl").contains("archive/data/0", "archive/version");
        byte[] bytes = Files.readAllBytes(path);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        for (int at = text.indexOf("PK\3\4"); at >= 0; at = text.indexOf("PK\3\4", at + 1)) {
            int name = (bytes[at + 26] & 0xff) | (bytes[at + 27] & 0xff) << 8;
            int extra = (bytes[at + 28] & 0xff) | (bytes[at + 29] & 0xff) << 8;
            assertThat((at + 30 + name + extra) % 64).isZero();
        }
    }

    @Test
    void equalContentGivesEqualBytes() throws IOException {
        Map<String, Tensor> tensors = samples();
        for (String name : List.of("a.pth", "b.pth")) {
            CheckpointWriter.write(folder.resolve(name), tensors, Map.of("epoch", 1), AtomicFile.Previous.DISCARD);
        }
        assertThat(folder.resolve("a.pth")).hasSameBinaryContentAs(folder.resolve("b.pth"));
    }

    @Test
    void tensorUnderTwoNamesIsStoredOnce() throws IOException {
        Tensor big = tensor(DType.F32, 5000);
        Path once = folder.resolve("once.pth");
        Path twice = folder.resolve("twice.pth");
        CheckpointWriter.write(once, Map.of("a", big), Map.of(), AtomicFile.Previous.DISCARD);
        CheckpointWriter.write(twice, Map.of("a", big, "b", big), Map.of(), AtomicFile.Previous.DISCARD);
        assertThat(Files.size(twice) - Files.size(once)).isLessThan(1000);
        Path again = folder.resolve("again.pth");
        CheckpointConverter.convert(twice, again);
        assertThat(Files.size(again) - Files.size(once)).isLessThan(1000);
    }

    @Test
    void damagedStorageFailsItsChecksum() throws IOException {
        Path path = folder.resolve("a.pth");
        CheckpointWriter.write(path, Map.of("a", tensor(DType.F32, 100)), Map.of(), AtomicFile.Previous.DISCARD);
        byte[] bytes = Files.readAllBytes(path);
        int one = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("\0\0\u0080?\0\0\0@");
        bytes[one] ^= 1;
        Files.write(path, bytes);
        try (Checkpoint file = Checkpoint.open(path)) {
            assertThatThrownBy(() -> file.load("a", scope))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("does not match its checksum");
        }
    }

    @Test
    void zip64ArchiveIsReadBack() throws IOException {
        Path path = folder.resolve("large.npz");
        byte[] array = NumpyReaderTest.npy(1, "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }", 1, 0, 2, 0);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ZipWriter zip = new ZipWriter(channel, 0); // every field in its 64-bit form
            zip.add("a.npy", array);
            zip.add("b.npy", array);
            zip.finish();
        }
        try (Checkpoint file = Checkpoint.open(path)) {
            assertThat(file.load("b", scope).toDoubles()).containsExactly(1, 2);
        }
        try (ZipFile zip = new ZipFile(path.toFile())) {
            assertThat(zip.getInputStream(zip.getEntry("b.npy")).readAllBytes()).isEqualTo(array);
        }
    }

    @Test
    void safetensorsAreReadBackSortedAlignedAndWithTheirMetadata() throws IOException {
        Path path = folder.resolve("a.safetensors");
        Map<String, Tensor> tensors = samples();
        SafetensorsWriter.write(path, tensors, Map.of("format", "pt", "note", "é\"\n"));
        try (Checkpoint file = Checkpoint.open(path)) {
            assertThat(file.metadata()).containsEntry("format", "pt").containsEntry("note", "é\"\n");
            assertSame(file, tensors);
            assertThat(file.tensors().keySet()).startsWith("scalar", "x.F64", "x.I64");
        }
        assertThat(Files.readAllBytes(path)[0] % 8).isZero();
        Path again = folder.resolve("b.safetensors");
        SafetensorsWriter.write(again, samples(), Map.of("note", "é\"\n", "format", "pt"));
        assertThat(again).hasSameBinaryContentAs(path);
    }

    @Test
    void conversionThereAndBackKeepsEveryBitAndType() throws IOException {
        Path safe = folder.resolve("a.safetensors");
        SafetensorsWriter.write(safe, samples(), Map.of());
        Path torch = folder.resolve("b.pth");
        Path back = folder.resolve("c.safetensors");
        CheckpointConverter.Result result = CheckpointConverter.convert(safe, torch);
        assertThat(result.tensors()).isEqualTo(samples().size());
        assertThat(result.to()).isEqualTo("PyTorch zip");
        CheckpointConverter.convert(torch, back);
        assertThat(back).hasSameBinaryContentAs(safe);
    }

    @Test
    void conversionRefusesWhatItCannotDo() throws IOException {
        Path safe = folder.resolve("a.safetensors");
        SafetensorsWriter.write(safe, samples(), Map.of());
        assertThatThrownBy(() -> CheckpointConverter.convert(safe, folder.resolve("b.onnx")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("unknown output format");
        assertThatThrownBy(() -> CheckpointConverter.convert(safe, safe))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("the input file itself");
        Path none = folder.resolve("none.safetensors");
        SafetensorsWriter.write(none, Map.of(), Map.of());
        assertThatThrownBy(() -> CheckpointConverter.convert(none, folder.resolve("b.pth")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no tensors");
    }

    @Test
    void valuesThatAreNotPlainAreRefusedBeforeAnythingIsReplaced() throws IOException {
        Path path = Files.writeString(folder.resolve("a.pth"), "old");
        assertThatThrownBy(() -> CheckpointWriter.write(
                        path, Map.of(), Map.of("thread", Thread.currentThread()), AtomicFile.Previous.DISCARD))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot hold a java.lang.Thread");
        assertThat(path).hasContent("old");
    }
}

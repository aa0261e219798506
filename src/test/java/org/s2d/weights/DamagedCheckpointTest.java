package org.s2d.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.SharedData;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

/** Files cut or altered in hundreds of places: each opens and loads, or is refused in one line; nothing else. */
@Timeout(60)
class DamagedCheckpointTest {
    @TempDir
    Path folder;

    private int refused;
    private int read;

    /** Opens and loads everything, and counts how it went. */
    private void attempt(byte[] content, HostPool pool, String what) throws IOException {
        Path path = Files.write(folder.resolve("damaged"), content);
        try (Scope scope = new Scope(pool);
                Checkpoint file = Checkpoint.open(path)) {
            for (StoredTensor tensor : file.allTensors().values()) {
                file.load(tensor, scope);
            }
            read++;
        } catch (UserException e) {
            refused++;
            assertThat(e.getMessage()).as(what).startsWith(path.toString()).doesNotContain("\n");
        } catch (RuntimeException | Error e) {
            fail(what, e);
        }
    }

    private void damage(byte[] original, String name, int flips) throws IOException {
        Random random = new Random(1);
        try (HostPool pool = new HostPool()) {
            attempt(original, pool, name);
            assertThat(read).as(name).isEqualTo(1);
            for (int i = 0; i < 40; i++) {
                int length = random.nextInt(original.length);
                attempt(Arrays.copyOf(original, length), pool, name + " cut to " + length);
            }
            assertThat(refused).as(name + ": every cut is noticed").isEqualTo(40);
            for (int i = 0; i < flips; i++) {
                byte[] copy = original.clone();
                int at = random.nextInt(copy.length);
                int bits = 1 + random.nextInt(255);
                copy[at] ^= (byte) bits;
                attempt(copy, pool, name + " with byte " + at + " ^ " + bits);
            }
        }
    }

    @Test
    void ownFiles() throws IOException {
        List<Path> files = new ArrayList<>();
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool)) {
            Map<String, Tensor> tensors = Map.of(
                    "a", scope.allocate(DType.F32, Shape.of(3, 4)).set(new float[12]),
                    "b", scope.allocate(DType.I64, Shape.of(2)).set(1, 2));
            Path torch = folder.resolve("a.pth");
            CheckpointWriter.write(torch, tensors, Map.of("epoch", 1), AtomicFile.Previous.DISCARD);
            Path safe = folder.resolve("a.safetensors");
            SafetensorsWriter.write(safe, tensors, Map.of("k", "v"));
            files.addAll(List.of(torch, safe));
        }
        byte[] array = NumpyReaderTest.npy(2, "{'descr': '<i2', 'fortran_order': True, 'shape': (1, 2), }", 1, 0, 2, 0);
        files.add(Files.write(folder.resolve("a.npy"), array));
        for (Path file : files) {
            read = 0;
            refused = 0;
            damage(Files.readAllBytes(file), file.getFileName().toString(), 100);
        }
    }

    @Test
    void zipFileOfPyTorch() throws IOException {
        damage(Files.readAllBytes(SharedData.require("reference/pth_misc/misc.pth")), "misc.pth", 200);
        assertThat(refused).isGreaterThan(80);
    }

    @Test
    void oldFileOfPyTorch() throws IOException {
        damage(Files.readAllBytes(SharedData.require("reference/pth_misc/misc_legacy.pth")), "misc_legacy.pth", 200);
        assertThat(refused).isGreaterThan(80);
    }
}

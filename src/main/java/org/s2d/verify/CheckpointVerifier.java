package org.s2d.verify;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.weights.Checkpoint;
import org.s2d.weights.StoredTensor;

/**
 * Checkpoint files that PyTorch wrote, next to what their state dict holds ({@code expected.safetensors}): every value of every file must
 * be read exactly. Floating tensors are compared as F32, which holds each value of the narrower types.
 */
final class CheckpointVerifier implements CaseVerifier {
    private static final String FILE = "expected";

    @Override
    public boolean accepts(CaseFolder folder) {
        return folder.hasFile(FILE) && !checkpoints(folder).isEmpty();
    }

    @Override
    public void verify(CaseFolder folder, Target target, Report report) {
        for (Path path : checkpoints(folder)) {
            String prefix = path.getFileName() + "/";
            try (Checkpoint checkpoint = Checkpoint.open(path)) {
                folder.names(FILE).forEach(name -> compare(folder, name, checkpoint, prefix, report));
            } catch (UserException e) {
                report.fail(prefix, String.valueOf(e.getMessage()));
            }
        }
    }

    private static void compare(CaseFolder folder, String name, Checkpoint checkpoint, String prefix, Report report) {
        StoredTensor stored = checkpoint.tensors().get(name);
        Tensor expected = folder.tensor(FILE, name);
        if (stored == null || !stored.shape().equals(expected.shape())) {
            report.fail(
                    prefix + name,
                    stored == null ? "not in the file" : stored.shape() + ", expected " + expected.shape());
            return;
        }
        double[] values = expected.toDoubles();
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool)) {
            double[] found = checkpoint.loadAs(name, expected.dtype(), scope).toDoubles();
            long wrong = 0;
            for (int i = 0; i < found.length; i++) {
                wrong += Double.compare(found[i], values[i]) == 0 ? 0 : 1;
            }
            report.checkExact(prefix + name, stored.shape().toString(), wrong, found.length, 0, stored.storedDtype());
        }
    }

    private static List<Path> checkpoints(CaseFolder folder) {
        try (Stream<Path> files = Files.list(folder.path())) {
            return files.filter(file -> file.toString().matches(".*\\.(pth|pt|pth\\.tar)"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

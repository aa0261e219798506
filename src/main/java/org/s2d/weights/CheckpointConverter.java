package org.s2d.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.s2d.tensor.UserException;

/** Rewrites a checkpoint's state dict in another format, chosen by the output's extension. Values stay bit-equal. */
public final class CheckpointConverter {
    /** What was written. */
    public record Result(Checkpoint.Format from, String to, int tensors, long bytes) {}

    private CheckpointConverter() {}

    /** Reads {@code in}, in any format, and writes {@code out}: {@code .safetensors}, {@code .pth} or {@code .pt}. */
    public static Result convert(Path in, Path out) {
        String name = out.toString().toLowerCase(Locale.ROOT);
        boolean safetensors = name.endsWith(".safetensors");
        if (!safetensors && !name.endsWith(".pth") && !name.endsWith(".pt")) {
            throw new UserException(out + ": unknown output format, expected .safetensors, .pth or .pt.");
        }
        requireDifferent(in, out);
        try (Checkpoint file = Checkpoint.open(in)) {
            Map<String, StoredTensor> tensors = file.tensors();
            if (tensors.isEmpty()) {
                throw new UserException(in + ": holds no tensors, nothing to convert.");
            }
            if (safetensors) {
                SafetensorsWriter.writeStored(out, tensors.values(), file.metadata());
            } else {
                CheckpointWriter.write(out, tensors, Map.of(), AtomicFile.Previous.DISCARD);
            }
            long bytes =
                    tensors.values().stream().mapToLong(StoredTensor::bytes).sum();
            return new Result(file.format(), safetensors ? "safetensors" : "PyTorch zip", tensors.size(), bytes);
        }
    }

    /** Throws {@link UserException} when both are one file. */
    public static void requireDifferent(Path in, Path out) {
        try {
            if (Files.exists(in) && Files.exists(out) && Files.isSameFile(in, out)) {
                throw new UserException(out + ": is the input file itself. Choose another name.");
            }
        } catch (IOException e) {
            throw new UserException(out + ": cannot be compared with the input (" + e.getMessage() + ").", e);
        }
    }
}

package org.s2d.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.SavedModel;
import org.s2d.weights.AtomicFile;
import org.s2d.weights.CheckpointWriter;
import org.s2d.weights.SafetensorsWriter;
import org.s2d.weights.StoredTensor;

/**
 * Weights alone, by the names of the authors' checkpoints and bit-equal, with the model's card: without the optimiser, a third of a run's
 * checkpoint. {@code predict} and {@code evaluate} take both files, PyTorch's {@code load_state_dict} takes {@code ["model"]}.
 */
public final class StateDictExport {
    private StateDictExport() {}

    /** Writes a safetensors file, the card's entries as its metadata; returns its size in bytes. */
    public static long safetensors(SavedModel model, Path out) {
        Map<String, String> metadata = new LinkedHashMap<>(model.card().texts());
        metadata.put("format", "pt"); // what other libraries ask for: tensors as PyTorch lays them out
        SafetensorsWriter.writeStored(out, renamed(model), metadata);
        return bytes(out);
    }

    /** Names of the model, where the file had older ones. */
    private static List<StoredTensor> renamed(SavedModel model) {
        List<StoredTensor> tensors = new ArrayList<>();
        model.weights().forEach((name, tensor) -> tensors.add(tensor.withName(name)));
        return tensors;
    }

    /** Writes a file for {@code torch.load}: the weights under {@code model}, the card under {@code s2d}; returns its size. */
    public static long pytorch(SavedModel model, Path out) {
        Map<String, Object> entries = Map.of("s2d", model.card().entries());
        CheckpointWriter.write(out, model.weights(), entries, AtomicFile.Previous.DISCARD);
        return bytes(out);
    }

    private static long bytes(Path written) {
        try {
            return Files.size(written);
        } catch (IOException e) {
            throw new UserException(written + ": was written but is not there (" + e.getMessage() + ").", e);
        }
    }
}

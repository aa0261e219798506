package org.s2d.train.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.s2d.export.RandomState;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;
import org.s2d.weights.AtomicFile;
import org.s2d.weights.CheckpointWriter;

/** A checkpoint as a run leaves it, with random weights instead of trained ones. */
public final class RandomCheckpoint {
    private RandomCheckpoint() {}

    /** Writes it for a configuration of {@code key=value} settings. */
    public static Path write(Path file, List<String> settings, List<String> labels) {
        TrainConfig config = ConfigReader.read(null, settings);
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool)) {
            CheckpointWriter.write(
                    file,
                    RandomState.weights(Models.shapes(config, labels.size()), scope, 5),
                    Map.of("s2d", new ModelCard(labels, config, Map.of()).entries()),
                    AtomicFile.Previous.DISCARD);
        }
        return file;
    }
}

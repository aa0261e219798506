package org.s2d.train;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.Position;
import org.s2d.train.checkpoint.RunCheckpoint;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;
import org.s2d.train.results.RunFolder;
import org.s2d.train.results.RunRecords;
import org.s2d.weights.AtomicFile;

/**
 * Trains a model by a configuration. Every random decision is a function of (seed, epoch, step, sample), and checkpoints hold all
 * that a run is made of, so a run that was stopped or killed and resumed ends with the same bits as one that was not.
 */
public final class Trainer {
    /** How a run ended. */
    public enum Outcome {
        FINISHED,
        /** Stopped on demand after saving; can be resumed. */
        STOPPED
    }

    private final TrainConfig config;
    private final PrintWriter out;
    private final BooleanSupplier stop;

    /**
     * A run that has not begun.
     *
     * @param out where progress goes
     * @param stop asked after every step; once true, the run saves and ends
     */
    public Trainer(TrainConfig config, PrintWriter out, BooleanSupplier stop) {
        this.config = config;
        this.out = out;
        this.stop = stop;
    }

    /** The {@code train} command. */
    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        System.exit(TrainOptions.main(args, out, err));
    }

    /**
     * Runs to the end, or until told to stop.
     *
     * @param resume checkpoint to continue from; none: from the start
     * @throws UserException for wrong input, and when a loss or gradient is not finite
     */
    public Outcome run(@Nullable Path resume) {
        RunFolder folder = RunFolder.create(config.train().outputDir());
        if (resume == null && Files.exists(folder.last())) {
            throw new UserException(
                    folder.path() + ": has a run already (" + folder.last().getFileName()
                            + "). Continue it with --resume, or choose another train.output_dir.");
        }
        try (TrainingRun run = new TrainingRun(config, out)) {
            Position position = resume == null ? run.start() : RunCheckpoint.restore(resume, run.parts());
            if (resume != null) {
                run.say("resumed from " + resume + " at epoch " + (position.epoch() + 1) + ", step " + position.step());
            }
            folder.writeText("config.yaml", ConfigReader.print(run.config()));
            try (RunRecords records = RunRecords.open(folder, position)) {
                return new TrainingLoop(run, folder, records, out, stop).run(position);
            }
        }
    }

    /** The checkpoint that {@code --resume auto} means: the run's last one; none where there is none yet. */
    static @Nullable Path lastOf(TrainConfig config) {
        List<Path> candidates = new ArrayList<>();
        Path last = Path.of(config.train().outputDir()).resolve("last.pth");
        candidates.add(last);
        candidates.add(AtomicFile.previous(last));
        return candidates.stream().filter(Files::isRegularFile).findFirst().orElse(null);
    }
}

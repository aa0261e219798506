package org.s2d.train;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.s2d.data.prepare.Progress;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.RunCheckpoint;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;
import org.s2d.train.results.Evaluator;
import org.s2d.train.results.RunFolder;

/**
 * Configurations from training to test scores. Stopped or killed anywhere, the same call goes on where it was: in the middle of an
 * epoch, at the test, or at once with the result.
 *
 * @param out where progress goes
 * @param stop asked after every step; once true, the run saves and ends
 */
record TrainAndTest(PrintWriter out, BooleanSupplier stop) {
    private static final String TEST = "test";

    /** The configuration that was tested; written last, so that what it says is complete. */
    private static final String TESTED = "tested.yaml";

    /** Whether the configuration's folder has a run already. */
    static boolean hasBegun(TrainConfig config) {
        return Trainer.lastOf(config) != null;
    }

    /** The decisions on the test list; empty when stopped before they were complete. */
    Optional<TestResult> run(TrainConfig config) {
        if (!train(config)) {
            return Optional.empty();
        }
        RunFolder folder = RunFolder.create(config.train().outputDir());
        RunFolder test = new RunFolder(folder.file(TEST));
        String tested = ConfigReader.print(config);
        if (!tested.equals(text(test.file(TESTED)))) {
            Path checkpoint = Files.exists(folder.best()) ? folder.best() : folder.last();
            Evaluator.Request request =
                    new Evaluator.Request(checkpoint, null, testSettings(config), false, test.path());
            if (stop.getAsBoolean()
                    || Evaluator.evaluate(request, out, Progress.NONE, stop).isEmpty()) {
                return Optional.empty();
            }
            test.writeText(TESTED, tested);
        }
        return Optional.of(TestResult.read(test.file("predictions.csv")));
    }

    /** Trains without a test; false when stopped before the end. */
    boolean train(TrainConfig config) {
        RunFolder folder = RunFolder.create(config.train().outputDir());
        Path last = Trainer.lastOf(config);
        if (last != null && RunCheckpoint.isFinished(last, config)) {
            return true;
        }
        delete(folder.file(TEST).resolve(TESTED));
        return new Trainer(config, out, stop).run(last) == Trainer.Outcome.FINISHED;
    }

    /** What may differ from the checkpoint's own configuration, since it changes no weight. */
    private static List<String> testSettings(TrainConfig config) {
        TrainConfig.Data data = config.data();
        return List.of(
                "data.test=" + data.test(),
                "data.test_where=" + data.testWhere(),
                "data.test_num_segment=" + data.testNumSegment(),
                "data.test_num_crop=" + data.testNumCrop(),
                "data.test_crop_mode=" + data.testCropMode(),
                "data.num_workers=" + data.numWorkers());
    }

    private static @Nullable String text(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : null;
        } catch (IOException e) {
            throw new UserException(file + ": cannot be read (" + e + ").", e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UserException(file + ": cannot be replaced (" + e + ").", e);
        }
    }
}

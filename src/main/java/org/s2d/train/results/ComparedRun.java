package org.s2d.train.results;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.s2d.data.metrics.Calibration;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.Interval;
import org.s2d.data.metrics.PairedScores;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.RunInfo;
import org.s2d.train.config.ConfigReader;
import org.s2d.weights.Checkpoint;

/** A run as a comparison sees it: what it said about its test clips, and its configuration. */
record ComparedRun(
        String name,
        RunFolder folder,
        Path source,
        Predictions predictions,
        ConfusionMatrix matrix,
        Interval uar,
        Map<String, String> config) {
    private static final int ROUNDS = 2000;
    private static final List<String> PLACES = List.of(RunReport.FOLDER, "test");

    /**
     * The second run against the first, on the clips that both have seen.
     *
     * @param uar interval of the difference in UAR
     * @param war interval of the difference in WAR
     */
    record Difference(PairedScores pair, Interval uar, Interval war, PairedScores.McNemar test) {
        boolean isDecided() {
            return test.p() < 0.05;
        }
    }

    /** Reads a run's predictions: those of its report, else those of an evaluation into {@code test/}. */
    static ComparedRun read(Path path, String name) {
        RunFolder folder = RunFolder.existing(path);
        Path source = PLACES.stream()
                .map(place -> path.resolve(place).resolve(EvaluationFiles.PREDICTIONS))
                .filter(Files::isRegularFile)
                .findFirst()
                .orElseThrow(() -> new UserException(path + ": no predictions to compare. Make them with ./s2d report "
                        + path + ", or ./s2d evaluate " + folder.weights() + " --output " + path.resolve("test")
                        + "."));
        Predictions predictions = Predictions.read(source);
        ConfusionMatrix matrix =
                predictions.scores().confusion(predictions.labels().size());
        Interval uar = Interval.bootstrap(matrix, ConfusionMatrix::uar, ROUNDS, 0);
        try (Checkpoint checkpoint = Checkpoint.open(folder.weights())) {
            Map<String, String> config =
                    ConfigReader.flatten(RunInfo.of(checkpoint).config());
            return new ComparedRun(name, folder, source, predictions, matrix, uar, config);
        }
    }

    Interval war() {
        return Interval.wilson(matrix.correct(), matrix.total());
    }

    double calibrationError() {
        return Calibration.of(predictions.scores(), EvaluationFiles.BINS).expectedError();
    }

    /** This run less the baseline; throws {@link UserException} when their classes differ. */
    Difference against(ComparedRun baseline) {
        if (!predictions.labels().equals(baseline.predictions().labels())) {
            throw new UserException(folder.path() + ": its classes " + predictions.labels() + " are not those of "
                    + baseline.folder().path() + ", " + baseline.predictions().labels()
                    + ". Compare runs with the same classes in the same order.");
        }
        PairedScores pair = PairedScores.of(
                baseline.predictions().scores(),
                predictions.scores(),
                predictions.labels().size());
        if (pair.clips() == 0) {
            Interval none = new Interval(Double.NaN, Double.NaN);
            return new Difference(pair, none, none, pair.mcNemar());
        }
        return new Difference(
                pair,
                pair.bootstrap(ConfusionMatrix::uar, ROUNDS, 0),
                pair.bootstrap(ConfusionMatrix::war, ROUNDS, 0),
                pair.mcNemar());
    }
}

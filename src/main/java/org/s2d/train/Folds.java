package org.s2d.train;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.s2d.tensor.UserException;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;

/** The configurations of a cross-validation: one text for all folds, in which {@code {fold}} stands for 1, 2, ... */
final class Folds {
    /** What stands for every fold on the command line. */
    static final String ALL = "all";

    private static final String PLACEHOLDER = "{fold}";

    private Folds() {}

    /**
     * The configuration of one fold. It writes into a folder named after the fold below the output folder, or where the placeholder
     * says.
     */
    static TrainConfig of(TrainConfig config, int fold) {
        int folds = config.data().folds();
        if (folds == 0) {
            throw new UserException(
                    "--fold: data.folds is 0, so this configuration has no folds. Leave --fold out, or set"
                            + " data.folds and write {fold} into the names of the lists.");
        }
        if (fold < 1 || fold > folds) {
            throw new UserException("--fold " + fold + ": expected all, or a number from 1 to " + folds + ".");
        }
        String output = config.train().outputDir();
        if (output.isEmpty()) {
            throw new UserException("train.output_dir: no folder given. Set it in the configuration or with --output.");
        }
        String text = ConfigReader.print(config).replace(PLACEHOLDER, Integer.toString(fold));
        List<String> settings =
                output.contains(PLACEHOLDER) ? List.of() : List.of("train.output_dir=" + output + "/fold" + fold);
        return ConfigReader.parse("fold " + fold, text, settings);
    }

    /** The configurations of {@code all} folds, or of the one whose number the text is. */
    static List<TrainConfig> chosen(TrainConfig config, String fold) {
        if (fold.equals(ALL)) {
            return IntStream.rangeClosed(1, Math.max(1, config.data().folds()))
                    .mapToObj(number -> of(config, number))
                    .toList();
        }
        if (!fold.matches("\\d{1,6}")) {
            throw new UserException("--fold " + fold + ": expected all, or the number of a fold.");
        }
        return List.of(of(config, Integer.parseInt(fold)));
    }

    /** Throws where a fold would have to be chosen first. */
    static void requireNone(TrainConfig config) {
        for (Map.Entry<String, String> entry : ConfigReader.flatten(config).entrySet()) {
            if (entry.getValue().contains(PLACEHOLDER)) {
                throw new UserException(entry.getKey() + " is " + entry.getValue()
                        + ", which names a list per fold. Add --fold all, or one" + " fold, as --fold 1.");
            }
        }
    }
}

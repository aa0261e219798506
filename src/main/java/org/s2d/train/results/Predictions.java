package org.s2d.train.results;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.s2d.data.metrics.MergedScores;
import org.s2d.data.prepare.CsvTable;
import org.s2d.tensor.UserException;

/** What an evaluation wrote down: class names, and every clip's label and probabilities. */
record Predictions(List<String> labels, MergedScores scores) {
    private static final int FIRST_CLASS = 3;

    /**
     * Reads a {@code predictions.csv}.
     *
     * @throws UserException when it is missing or damaged; the message names file and line
     */
    static Predictions read(Path file) {
        List<CsvTable.Row> rows = CsvTable.read(file, "id", "label", "prediction");
        if (rows.isEmpty()) {
            throw new UserException(file + ": no predictions in it. Evaluate the run again.");
        }
        List<String> labels = rows.getFirst().columns().entrySet().stream()
                .filter(column -> column.getValue() >= FIRST_CLASS)
                .sorted(Comparator.comparing(Map.Entry::getValue))
                .map(Map.Entry::getKey)
                .toList();
        List<String> ids = new ArrayList<>();
        int[] truths = new int[rows.size()];
        double[][] probabilities = new double[rows.size()][labels.size()];
        for (int i = 0; i < rows.size(); i++) {
            CsvTable.Row row = rows.get(i);
            ids.add(row.get("id"));
            truths[i] = labels.indexOf(row.get("label"));
            if (truths[i] < 0) {
                throw row.error("label '" + row.get("label") + "' is none of the classes " + labels + ".");
            }
            for (int c = 0; c < labels.size(); c++) {
                probabilities[i][c] = probability(row, labels.get(c));
            }
        }
        return new Predictions(labels, new MergedScores(ids, truths, probabilities));
    }

    private static double probability(CsvTable.Row row, String label) {
        try {
            double value = Double.parseDouble(row.get(label));
            if (value >= 0 && value <= 1) {
                return value;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw row.error("'" + row.get(label) + "' is no probability of " + label + ". Evaluate the run again.");
    }
}

package org.s2d.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.s2d.data.TextTable;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.tensor.UserException;

/**
 * The decisions of an evaluation, clip by clip, as {@link org.s2d.train.results.Evaluator} wrote them.
 *
 * @param names of the classes
 * @param ids clips
 * @param labels true classes
 * @param predictions the model's
 */
@SuppressWarnings("ArrayRecordComponent") // only read
record TestResult(List<String> names, List<String> ids, int[] labels, int[] predictions) {
    private static final List<String> COLUMNS = List.of("id", "label", "prediction");

    /** Reads {@code predictions.csv}; throws {@link UserException} when it is another kind of file. */
    static TestResult read(Path file) {
        List<TextTable.Row> rows = TextTable.read(file);
        List<String> header = rows.isEmpty() ? List.of() : rows.getFirst().fields();
        if (header.size() <= COLUMNS.size()
                || !header.subList(0, COLUMNS.size()).equals(COLUMNS)) {
            throw new UserException(file + ": expected the columns id,label,prediction and one per class.");
        }
        List<String> names = header.subList(COLUMNS.size(), header.size());
        List<String> ids = new ArrayList<>();
        int[] labels = new int[rows.size() - 1];
        int[] predictions = new int[rows.size() - 1];
        for (int i = 0; i < labels.length; i++) {
            TextTable.Row row = rows.get(i + 1);
            if (row.fields().size() != header.size()) {
                throw new UserException(file + ":" + row.line() + ": "
                        + row.fields().size() + " fields, expected " + header.size() + ".");
            }
            ids.add(row.fields().get(0));
            labels[i] = index(names, row.fields().get(1), file, row.line());
            predictions[i] = index(names, row.fields().get(2), file, row.line());
        }
        return new TestResult(names, ids, labels, predictions);
    }

    private static int index(List<String> names, String name, Path file, int line) {
        int index = names.indexOf(name);
        if (index < 0) {
            throw new UserException(file + ":" + line + ": class '" + name + "' is not in the header.");
        }
        return index;
    }

    ConfusionMatrix matrix() {
        return ConfusionMatrix.of(labels, predictions, names.size());
    }
}

package org.s2d.train.results;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Locale;
import org.s2d.data.metrics.Calibration;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.Interval;
import org.s2d.data.metrics.MergedScores;
import org.s2d.train.results.Evaluator.Summary;

/** What an evaluation leaves: {@code predictions.csv}, {@code metrics.json} and {@code confusion.png}. */
final class EvaluationFiles {
    static final String PREDICTIONS = "predictions.csv";
    static final String METRICS = "metrics.json";
    static final int BINS = 10;

    private EvaluationFiles() {}

    /** Writes all three; {@code data} says what was evaluated on. */
    static void write(RunFolder folder, Summary summary, Path checkpoint, String data) {
        folder.writeText(PREDICTIONS, predictions(summary));
        ConfusionMatrix matrix = summary.matrix();
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode json = mapper.createObjectNode();
        json.put("checkpoint", checkpoint.toString());
        json.put("data", data);
        json.put("clips", matrix.total());
        json.put("loss", summary.loss());
        json.put("war", matrix.war());
        json.set("war_interval", mapper.valueToTree(Interval.wilson(matrix.correct(), matrix.total())));
        json.put("uar", matrix.uar());
        json.set(
                "uar_interval",
                mapper.valueToTree(Interval.bootstrap(matrix, ConfusionMatrix::uar, Evaluator.BOOTSTRAPS, 0)));
        json.put("f1_weighted", matrix.weightedF1());
        json.put("f1_micro", matrix.microF1());
        json.put("f1_macro", matrix.macroF1());
        json.put("ece", Calibration.of(summary.scores(), BINS).expectedError());
        json.put("top1", summary.scores().topK(1));
        json.put("top5", summary.scores().topK(5));
        json.set("labels", mapper.valueToTree(summary.labels()));
        ObjectNode recalls = json.putObject("recall");
        for (int c = 0; c < matrix.classes(); c++) {
            if (matrix.support(c) > 0) {
                recalls.put(summary.labels().get(c), matrix.recall(c));
            }
        }
        json.set("confusion", mapper.valueToTree(matrix.counts()));
        try {
            folder.writeText(METRICS, mapper.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        RunPictures.confusion(
                folder.file("confusion.png"),
                checkpoint.getFileName() + " on " + Path.of(data).getFileName(),
                summary.labels(),
                matrix);
    }

    /** One line per clip: id, label, prediction, and the probability of every class. */
    private static String predictions(Summary summary) {
        StringBuilder text = new StringBuilder("id,label,prediction");
        summary.labels().forEach(label -> text.append(',').append(quoted(label)));
        text.append('\n');
        MergedScores scores = summary.scores();
        int[] predictions = scores.predictions();
        for (int i = 0; i < predictions.length; i++) {
            text.append(quoted(scores.ids().get(i)))
                    .append(',')
                    .append(quoted(summary.labels().get(scores.labels()[i])))
                    .append(',')
                    .append(quoted(summary.labels().get(predictions[i])));
            for (double probability : scores.probabilities()[i]) {
                text.append(String.format(Locale.ROOT, ",%.6f", probability));
            }
            text.append('\n');
        }
        return text.toString();
    }

    static String quoted(String cell) {
        return cell.matches("[^\",\\r\\n]*") ? cell : "\"" + cell.replace("\"", "\"\"") + "\"";
    }
}

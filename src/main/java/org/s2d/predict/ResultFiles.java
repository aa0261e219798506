package org.s2d.predict;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.s2d.data.face.FaceBox;
import org.s2d.data.prepare.CsvTable;

/** Results as text for people, as CSV and as JSON. */
public final class ResultFiles {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private ResultFiles() {}

    /** A few lines per file: each face with its label and the other likely classes, and a time line of videos. */
    public static String text(FileResult result) {
        StringBuilder text = new StringBuilder(result.file());
        if (result.faces().isEmpty()) {
            return text.append("\n  no face found (if the picture is nothing but a face: --cropped)\n")
                    .toString();
        }
        text.append('\n');
        for (FileResult.Face face : result.faces()) {
            Prediction overall = face.overall();
            text.append(String.format(
                    Locale.ROOT, "  face %d  %s  %s%n", face.number(), span(face, result), bestFirst(overall)));
            if (face.windows().size() > 1) {
                timeLine(face.windows(), text);
            }
        }
        return text.toString();
    }

    /** Windows that follow each other under the same label are one line, with the mean of their confidence. */
    private static void timeLine(List<FileResult.Window> windows, StringBuilder text) {
        for (int first = 0, next; first < windows.size(); first = next) {
            String label = windows.get(first).prediction().label();
            double sum = 0;
            for (next = first;
                    next < windows.size()
                            && windows.get(next).prediction().label().equals(label);
                    next++) {
                sum += windows.get(next).prediction().confidence();
            }
            text.append(String.format(
                    Locale.ROOT,
                    "    %6.2f - %6.2f s  %-12s %.2f%n",
                    windows.get(first).start(),
                    windows.get(next - 1).end(),
                    label,
                    sum / (next - first)));
        }
    }

    private static String span(FileResult.Face face, FileResult result) {
        if (result.seconds() == 0) {
            FaceBox square = face.sightings().getFirst().square();
            return String.format(Locale.ROOT, "at (%.0f, %.0f), %.0f pixels", square.x(), square.y(), square.width());
        }
        return String.format(
                Locale.ROOT,
                "%.2f - %.2f s",
                face.sightings().getFirst().seconds(),
                face.sightings().getLast().seconds());
    }

    private static String bestFirst(Prediction prediction) {
        List<String> labels = new ArrayList<>(prediction.labels());
        labels.sort((a, b) -> Double.compare(prediction.probability(b), prediction.probability(a)));
        StringBuilder text = new StringBuilder();
        for (String label : labels) {
            text.append(text.isEmpty() ? "" : "  ")
                    .append(label)
                    .append(String.format(Locale.ROOT, " %.2f", prediction.probability(label)));
        }
        return text.toString();
    }

    /** One row per window, and one with the window {@code all} per face. */
    public static String csv(List<FileResult> results, List<String> labels) {
        StringBuilder csv = new StringBuilder("file,face,window,start,end,label,confidence");
        labels.forEach(label -> csv.append(',').append(CsvTable.field(label)));
        csv.append('\n');
        for (FileResult result : results) {
            for (FileResult.Face face : result.faces()) {
                for (int i = 0; i < face.windows().size(); i++) {
                    FileResult.Window window = face.windows().get(i);
                    row(csv, result, face, Integer.toString(i), window.start(), window.end(), window.prediction());
                }
                double start = face.sightings().getFirst().seconds();
                double end = face.sightings().getLast().seconds();
                row(csv, result, face, "all", start, end, face.overall());
            }
        }
        return csv.toString();
    }

    private static void row(
            StringBuilder csv,
            FileResult result,
            FileResult.Face face,
            String window,
            double start,
            double end,
            Prediction prediction) {
        csv.append(CsvTable.field(result.file()))
                .append(',')
                .append(face.number())
                .append(',')
                .append(window);
        csv.append(String.format(Locale.ROOT, ",%.3f,%.3f,", start, end)).append(CsvTable.field(prediction.label()));
        csv.append(String.format(Locale.ROOT, ",%.6f", prediction.confidence()));
        prediction.probabilities().forEach(value -> csv.append(String.format(Locale.ROOT, ",%.6f", value)));
        csv.append('\n');
    }

    /** Everything, boxes and landmarks too; landmarks in pixels of the picture. */
    public static String json(List<FileResult> results) {
        ArrayNode files = MAPPER.createArrayNode();
        for (FileResult result : results) {
            ObjectNode file = files.addObject();
            file.put("file", result.file());
            file.put("seconds", result.seconds());
            file.put("frames", result.frames());
            ArrayNode faces = file.putArray("faces");
            result.faces().forEach(face -> add(faces.addObject(), face));
        }
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(files) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void add(ObjectNode json, FileResult.Face face) {
        json.put("face", face.number());
        json.set("overall", probabilities(face.overall()));
        ArrayNode windows = json.putArray("windows");
        for (FileResult.Window window : face.windows()) {
            ObjectNode node = windows.addObject();
            node.put("start", window.start());
            node.put("end", window.end());
            node.set("probabilities", probabilities(window.prediction()));
        }
        ArrayNode sightings = json.putArray("sightings");
        for (FileResult.Sighting sighting : face.sightings()) {
            ObjectNode node = sightings.addObject();
            node.put("seconds", sighting.seconds());
            FaceBox square = sighting.square();
            node.set("square", MAPPER.valueToTree(List.of(square.x(), square.y(), square.width(), square.height())));
            if (!sighting.landmarks().isEmpty()) {
                ArrayNode points = node.putArray("landmarks");
                sighting.landmarks()
                        .forEach(point -> points.addArray().add(point.x()).add(point.y()));
            }
        }
    }

    private static ObjectNode probabilities(Prediction prediction) {
        ObjectNode node = MAPPER.createObjectNode();
        node.put("label", prediction.label());
        for (String label : prediction.labels()) {
            node.put(label, prediction.probability(label));
        }
        return node;
    }
}

package org.s2d.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.s2d.tensor.UserException;

/**
 * A table that grows while a run goes on, one row for each logged step or epoch, kept twice: NAME.jsonl (one JSON object
 * a line; numbers that are not finite are the texts "NaN", "Infinity", "-Infinity") and NAME.csv. Each row is handed to
 * the operating system at once. The JSON file is the truth: on resume both files are written anew from its rows up to
 * the resumed step, so that neither a half line nor a row from the lost future remains.
 */
public final class RunLog implements AutoCloseable {
    /** First column of every log; never falls. */
    public static final String STEP = "step";

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path jsonFile;
    private final Path csvFile;
    private final List<String> columns;
    private final BufferedWriter json;
    private final BufferedWriter csv;
    private long lastStep = Long.MIN_VALUE;

    private RunLog(Path folder, String name, List<String> columns, List<JsonNode> kept) throws IOException {
        this.jsonFile = folder.resolve(name + ".jsonl");
        this.csvFile = folder.resolve(name + ".csv");
        this.columns = List.copyOf(columns);
        StringBuilder jsonRows = new StringBuilder();
        StringBuilder csvRows = new StringBuilder(STEP);
        columns.forEach(column -> csvRows.append(',').append(Csv.quote(column)));
        csvRows.append('\n');
        for (JsonNode row : kept) {
            jsonRows.append(row).append('\n');
            csvRows.append(csvRow(row));
            lastStep = row.get(STEP).asLong();
        }
        Output.replace(jsonFile, jsonRows.toString().getBytes(StandardCharsets.UTF_8));
        Output.replace(csvFile, csvRows.toString().getBytes(StandardCharsets.UTF_8));
        json = Files.newBufferedWriter(jsonFile, StandardOpenOption.APPEND);
        csv = Files.newBufferedWriter(csvFile, StandardOpenOption.APPEND);
    }

    /**
     * A log without rows; rows of an earlier run with the same name are dropped.
     *
     * @param columns after the first, which is always {@link #STEP}
     */
    public static RunLog create(Path folder, String name, List<String> columns) {
        return open(folder, name, columns, List.of());
    }

    /** The log of an earlier run, cut after the resumed step; fresh where there is none. */
    public static RunLog resume(Path folder, String name, List<String> columns, long resumedStep) {
        Path file = folder.resolve(name + ".jsonl");
        List<JsonNode> rows = Files.exists(file) ? read(file) : List.of();
        List<JsonNode> kept = rows.stream()
                .takeWhile(row -> row.get(STEP).asLong() <= resumedStep)
                .toList();
        return open(folder, name, columns, kept);
    }

    private static RunLog open(Path folder, String name, List<String> columns, List<JsonNode> kept) {
        try {
            return new RunLog(folder, name, columns, kept);
        } catch (IOException e) {
            throw Output.unwritable(folder.resolve(name + ".jsonl"), e);
        }
    }

    /**
     * Adds one row and flushes it. Columns without a value stay empty.
     *
     * @param values by column; numbers, texts or booleans
     */
    public void append(long step, Map<String, ?> values) {
        if (step < lastStep) {
            throw new IllegalArgumentException(csvFile + ": step " + step + " after step " + lastStep);
        }
        for (String key : values.keySet()) {
            if (!columns.contains(key)) {
                throw new IllegalArgumentException(csvFile + ": no column " + key + " among " + columns);
            }
        }
        ObjectNode row = JSON.createObjectNode().put(STEP, step);
        columns.stream().filter(values::containsKey).forEach(key -> row.set(key, JSON.valueToTree(values.get(key))));
        try {
            json.write(row + "\n");
            json.flush();
            csv.write(csvRow(row));
            csv.flush();
        } catch (IOException e) {
            throw Output.unwritable(jsonFile, e);
        }
        lastStep = step;
    }

    /**
     * All whole rows of a log. A last line that a killed run left unfinished is passed over.
     *
     * @throws UserException when the file cannot be read or another line is no row
     */
    public static List<JsonNode> read(Path jsonFile) {
        List<String> lines;
        try {
            lines = Files.readAllLines(jsonFile);
        } catch (IOException e) {
            throw new UserException(jsonFile + ": cannot be read (" + e + "). Check the run folder.", e);
        }
        List<JsonNode> rows = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            JsonNode row = parse(lines.get(i));
            if (row == null && i + 1 < lines.size()) {
                throw new UserException(jsonFile + ":" + (i + 1)
                        + ": found no JSON object with a whole number \"step\". Delete the line or the file.");
            }
            if (row != null) {
                rows.add(row);
            }
        }
        return rows;
    }

    /** One column as numbers; NaN where a row has no number in it. */
    public static double[] column(List<JsonNode> rows, String name) {
        return rows.stream().mapToDouble(row -> number(row.get(name))).toArray();
    }

    private static double number(@org.jspecify.annotations.Nullable JsonNode value) {
        if (value == null || value.isNull()) {
            return Double.NaN;
        }
        return switch (value.asText()) {
            case "Infinity" -> Double.POSITIVE_INFINITY;
            case "-Infinity" -> Double.NEGATIVE_INFINITY;
            default -> value.isNumber() ? value.asDouble() : Double.NaN;
        };
    }

    private static @org.jspecify.annotations.Nullable JsonNode parse(String line) {
        try {
            JsonNode row = JSON.readTree(line);
            JsonNode step = row.get(STEP);
            return step != null && step.canConvertToExactIntegral() ? row : null;
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    private String csvRow(JsonNode row) {
        StringBuilder text = new StringBuilder(row.get(STEP).asText());
        for (String column : columns) {
            JsonNode value = row.get(column);
            text.append(',').append(value == null || value.isNull() ? "" : Csv.quote(value.asText()));
        }
        return text.append('\n').toString();
    }

    @Override
    public void close() {
        try (json;
                csv) {
            json.flush();
        } catch (IOException e) {
            throw Output.unwritable(jsonFile, e);
        }
    }
}

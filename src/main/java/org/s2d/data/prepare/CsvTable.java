package org.s2d.data.prepare;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.s2d.tensor.UserException;

/** A comma-separated file with a header; fields may be in quotes but hold no line break. */
public final class CsvTable {
    /** One line; number counts from 1, the header included. */
    public record Row(Path file, int number, Map<String, Integer> columns, List<String> fields) {
        public Row {
            columns = Map.copyOf(columns);
            fields = List.copyOf(fields);
        }

        /** The field of a column, empty where the file has no such column. */
        public String get(String column) {
            Integer index = columns.get(column);
            return index == null ? "" : fields.get(index);
        }

        /** The field of the first of these columns that the file has, empty where it has none. */
        String first(List<String> names) {
            return names.stream()
                    .filter(columns::containsKey)
                    .findFirst()
                    .map(this::get)
                    .orElse("")
                    .strip();
        }

        public UserException error(String message) {
            return new UserException(file + ":" + number + ": " + message);
        }
    }

    private CsvTable() {}

    /**
     * All rows after the header.
     *
     * @throws UserException when the file is missing, lacks a wanted column or has a line of another length
     */
    public static List<Row> read(Path file, String... wanted) {
        List<String> lines = lines(file);
        if (lines.isEmpty()) {
            throw new UserException(file + ": is empty, expected a header with " + String.join(",", wanted) + ".");
        }
        List<String> header = fields(lines.getFirst().replace("\ufeff", ""));
        Map<String, Integer> columns = new HashMap<>();
        for (int i = 0; i < header.size(); i++) {
            columns.put(header.get(i).strip(), i);
        }
        for (String column : wanted) {
            if (!columns.containsKey(column)) {
                throw new UserException(file + ":1: found no column \"" + column + "\" in the header, expected "
                        + String.join(",", wanted) + ". Add the column or name another file.");
            }
        }
        List<Row> rows = new ArrayList<>();
        for (int i = 1; i < lines.size(); i++) {
            if (!lines.get(i).isBlank()) {
                Row row = new Row(file, i + 1, columns, fields(lines.get(i)));
                if (row.fields.size() != header.size()) {
                    throw row.error("found " + row.fields.size() + " fields, expected " + header.size()
                            + " as in the header. Mend the line.");
                }
                rows.add(row);
            }
        }
        return rows;
    }

    /** A field as it stands in a line: in quotes where it must be. */
    public static String field(String text) {
        return text.matches("[^\",\\r\\n]*") ? text : "\"" + text.replace("\"", "\"\"") + "\"";
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (NoSuchFileException e) {
            throw new UserException(file + ": not found. Check the folder, or name the file.", e);
        } catch (CharacterCodingException e) {
            throw new UserException(file + ": is no UTF-8 text, expected a CSV file. Name another file.", e);
        } catch (IOException e) {
            throw new UserException(file + ": cannot be read (" + e.getMessage() + "). Check its permissions.", e);
        }
    }

    private static List<String> fields(String line) {
        List<String> fields = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"' && quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                field.append('"');
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                fields.add(field.toString());
                field.setLength(0);
            } else {
                field.append(c);
            }
        }
        fields.add(field.toString());
        return fields;
    }
}

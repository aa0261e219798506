package org.s2d.data;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.s2d.tensor.UserException;

/**
 * Rows of a text list. With a comma in its first line it is read as CSV (RFC 4180: quotes, doubled quotes, line breaks
 * inside quotes); otherwise the last word of a line is its second field. A byte order mark and CRLF do no harm, empty
 * lines are left out.
 */
public final class TextTable {
    private static final long MAX_BYTES = 1L << 28;

    /** A row and the number of the line it starts on. */
    public record Row(int line, List<String> fields) {}

    private final String name;
    private final String text;
    private final List<Row> rows = new ArrayList<>();
    private int at;
    private int line = 1;

    private TextTable(String name, String text) {
        this.name = name;
        this.text = text;
    }

    /** Reads a list; throws {@link UserException} for what is no text in UTF-8, with the line where it is malformed. */
    public static List<Row> read(Path path) {
        try {
            if (Files.size(path) > MAX_BYTES) {
                throw new UserException(path + ": too large for an annotation list (over 256 MiB).");
            }
            return parse(path.toString(), Files.readString(path, StandardCharsets.UTF_8));
        } catch (NoSuchFileException e) {
            throw new UserException(path + ": no such annotation list.", e);
        } catch (CharacterCodingException e) {
            throw new UserException(path + ": not a text file in UTF-8, expected an annotation list.", e);
        } catch (IOException e) {
            throw new UserException(path + ": annotation list cannot be read (" + e.getMessage() + ").", e);
        }
    }

    static List<Row> parse(String name, String content) {
        String text = content.startsWith("\ufeff") ? content.substring(1) : content;
        TextTable table = new TextTable(name, text);
        boolean commas = text.lines().filter(row -> !row.isBlank()).limit(1).anyMatch(row -> row.indexOf(',') >= 0);
        if (commas) {
            table.parseCsv();
        } else {
            table.parseWords();
        }
        return table.rows;
    }

    private void parseWords() {
        for (String row : text.split("\r\n|\n|\r", -1)) {
            String trimmed = row.strip();
            if (!trimmed.isEmpty()) {
                int cut = trimmed.length();
                while (cut > 0 && !Character.isWhitespace(trimmed.charAt(cut - 1))) {
                    cut--;
                }
                rows.add(new Row(
                        line,
                        cut == 0
                                ? List.of(trimmed)
                                : List.of(trimmed.substring(0, cut).strip(), trimmed.substring(cut))));
            }
            line++;
        }
    }

    private void parseCsv() {
        while (at < text.length()) {
            int start = line;
            List<String> fields = new ArrayList<>();
            do {
                fields.add(field());
            } while (take(','));
            endOfLine();
            if (fields.size() > 1 || !fields.get(0).isEmpty()) {
                rows.add(new Row(start, fields));
            }
        }
    }

    private String field() {
        while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
            at++;
        }
        return take('"') ? quoted() : plain();
    }

    private String plain() {
        int start = at;
        while (at < text.length() && ",\r\n".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return text.substring(start, at).strip();
    }

    private String quoted() {
        int start = line;
        StringBuilder value = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '"' && !take('"')) {
                String rest = plain();
                if (!rest.isEmpty()) {
                    throw new UserException(name + ":" + line + ": text after a closing quote: '" + rest + "'.");
                }
                return value.toString();
            }
            if (c == '\n') {
                line++;
            }
            value.append(c);
        }
        throw new UserException(name + ":" + start + ": quote is never closed.");
    }

    private void endOfLine() {
        if (take('\r')) {
            take('\n');
        } else if (!take('\n') && at < text.length()) {
            throw new UserException(name + ":" + line + ": malformed line.");
        }
        line++;
    }

    private boolean take(char c) {
        boolean found = at < text.length() && text.charAt(at) == c;
        if (found) {
            at++;
        }
        return found;
    }
}

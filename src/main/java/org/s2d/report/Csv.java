package org.s2d.report;

/** Comma-separated values as spreadsheets read them. */
final class Csv {
    private Csv() {}

    /** The field, in quotes where it holds a comma, a quote or a line break. */
    static String quote(String field) {
        boolean plain = field.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
        return plain ? field : '"' + field.replace("\"", "\"\"") + '"';
    }
}

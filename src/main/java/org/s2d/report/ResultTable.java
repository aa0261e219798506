package org.s2d.report;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.UnaryOperator;

/**
 * A small table of results as plain text, CSV and Markdown. The first column holds names, the others figures.
 *
 * @param header one text per column
 * @param rows as many texts each
 */
public record ResultTable(List<String> header, List<List<String>> rows) {
    private static final String GAP = "  ";

    public ResultTable {
        header = List.copyOf(header);
        rows = rows.stream().map(List::copyOf).toList();
        for (List<String> row : rows) {
            if (row.size() != header.size()) {
                throw new IllegalArgumentException("row " + row + " does not fit the header " + header);
            }
        }
    }

    /** Columns in line, names to the left, figures to the right. */
    public String text() {
        int[] widths = new int[header.size()];
        for (List<String> row : all()) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : all()) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String padding = " ".repeat(widths[i] - row.get(i).length());
                line.append(i == 0 ? row.get(i) + padding : GAP + padding + row.get(i));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    /** Comma-separated, with the header. */
    public String csv() {
        return lines(Csv::quote, ",", "", "");
    }

    /** A Markdown table. */
    public String markdown() {
        StringJoiner rule = new StringJoiner("|", "|", "|");
        header.forEach(column -> rule.add(rule.length() == 2 ? "---" : "---:"));
        String body = lines(cell -> cell.replace("|", "\\|"), " | ", "| ", " |");
        int end = body.indexOf('\n') + 1;
        return body.substring(0, end) + rule + '\n' + body.substring(end);
    }

    private String lines(UnaryOperator<String> cell, String between, String first, String last) {
        StringBuilder text = new StringBuilder();
        for (List<String> row : all()) {
            text.append(first)
                    .append(String.join(between, row.stream().map(cell).toList()))
                    .append(last)
                    .append('\n');
        }
        return text.toString();
    }

    private List<List<String>> all() {
        List<List<String>> all = new ArrayList<>();
        all.add(header);
        all.addAll(rows);
        return all;
    }
}

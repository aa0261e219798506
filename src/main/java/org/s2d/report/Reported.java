package org.s2d.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * A published result, to stand beside ours. The figures are data in {@code reported.csv}, each with its source.
 *
 * @param benchmark data set, such as {@code dfew}
 * @param variant what was trained
 * @param fold 1, 2, ...; 0 for the mean over the folds, or the only test set
 * @param uar part of 1; NaN where none was published
 * @param war part of 1
 * @param source where the figure is from
 */
public record Reported(String benchmark, String variant, int fold, double uar, double war, String source) {
    private static final String FILE = "reported.csv";
    private static final int COLUMNS = 6;

    /** All results on a data set; none for unknown ones. */
    public static List<Reported> of(String benchmark) {
        return all().stream().filter(row -> row.benchmark.equals(benchmark)).toList();
    }

    /** Names of the data sets. */
    public static List<String> benchmarks() {
        return all().stream().map(Reported::benchmark).distinct().toList();
    }

    private static List<Reported> all() {
        try (InputStream in = Objects.requireNonNull(Reported.class.getResourceAsStream(FILE), FILE)) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return text.lines().skip(1).map(Reported::row).collect(Collectors.toUnmodifiableList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The last column may hold commas, in quotes. */
    private static Reported row(String line) {
        String[] fields = line.split(",", COLUMNS);
        return new Reported(
                fields[0],
                fields[1],
                fields[2].isEmpty() ? 0 : Integer.parseInt(fields[2]),
                part(fields[3]),
                part(fields[4]),
                fields[5].replace("\"", ""));
    }

    private static double part(String percent) {
        return percent.isEmpty() ? Double.NaN : Double.parseDouble(percent) / 100;
    }
}

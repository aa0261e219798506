package org.s2d.data.check;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.s2d.data.TextTable;

/**
 * Who is in a clip, where that is known: from a pattern on the clip's name, from a column of the list, or from the {@code clips.csv}
 * or {@code images.csv} that {@code prepare} and {@code pairs} write beside or above their lists.
 */
public final class Persons {
    private static final List<String> PERSON_COLUMNS = List.of("person", "subject", "identity", "actor", "speaker");
    private static final List<String> PATH_COLUMNS = List.of("path", "video_name", "file", "clip", "name");
    private static final List<String> BESIDE = List.of("clips.csv", "images.csv");
    /** Lists of published data sets lie up to so many folders below that of the data set. */
    private static final int LEVELS = 6;

    private final @Nullable Pattern pattern;
    private final Map<String, String> known = new HashMap<>();

    /** @param pattern its first group in a clip's name is the person; null: none */
    public Persons(@Nullable Pattern pattern) {
        this.pattern = pattern;
    }

    /** Takes what a list and the files beside or above it say. */
    public void read(Path list) {
        readColumns(list);
        for (String name : BESIDE) {
            Path above = list.toAbsolutePath().getParent();
            for (int level = 0; level < LEVELS && above != null; level++, above = above.getParent()) {
                Path file = above.resolve(name);
                if (!file.equals(list.toAbsolutePath()) && Files.isRegularFile(file)) {
                    readColumns(file);
                    break;
                }
            }
        }
    }

    private void readColumns(Path file) {
        List<TextTable.Row> rows = TextTable.read(file);
        List<String> header = rows.isEmpty()
                ? List.of()
                : rows.getFirst().fields().stream()
                        .map(cell -> cell.toLowerCase(Locale.ROOT))
                        .toList();
        int person = column(header, PERSON_COLUMNS);
        int path = column(header, PATH_COLUMNS);
        if (person < 0 || path < 0) {
            return;
        }
        for (TextTable.Row row : rows.subList(1, rows.size())) {
            if (row.fields().size() == header.size()
                    && !row.fields().get(person).isEmpty()) {
                known.putIfAbsent(row.fields().get(path), row.fields().get(person));
            }
        }
    }

    private static int column(List<String> header, List<String> names) {
        return names.stream()
                .mapToInt(header::indexOf)
                .filter(i -> i >= 0)
                .findFirst()
                .orElse(-1);
    }

    /** The person of a clip by the clip's name. */
    public Optional<String> of(String clip) {
        if (pattern != null) {
            Matcher matcher = pattern.matcher(clip);
            return matcher.find() ? Optional.ofNullable(matcher.group(1)) : Optional.empty();
        }
        return Optional.ofNullable(known.get(clip));
    }
}

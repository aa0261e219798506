package org.s2d.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.s2d.data.ListOptions.LabelBase;
import org.s2d.tensor.UserException;

/** Turns the label cells of a list, ids or names, into class indices. */
final class LabelTable {
    /** Lists say happy or happiness; both mean one class. */
    private static final Map<String, String> NOUNS = Map.of(
            "happy", "happiness",
            "sad", "sadness",
            "angry", "anger",
            "surprised", "surprise",
            "fearful", "fear",
            "disgusted", "disgust");

    private final String source;
    private final List<String> names;
    private final int base;

    private LabelTable(String source, List<String> names, int base) {
        this.source = source;
        this.names = names;
        this.base = base;
    }

    static LabelTable of(
            String source, DatasetFormat format, ListOptions options, List<String> cells, List<String> notes) {
        List<String> names = options.labels().isEmpty() ? namesOf(format, cells) : options.labels();
        if (cells.stream().anyMatch(LabelTable::isId)) {
            requireSameOrder(source, format, names);
        }
        return new LabelTable(source, names, baseOf(format, options, names.size(), cells, notes));
    }

    List<String> names() {
        return names;
    }

    /**
     * Ids mean what the format says: a model or configuration whose classes have the format's names in other places would be scored on
     * the wrong classes without a word. Names that the format does not know may stand anywhere.
     */
    private static void requireSameOrder(String source, DatasetFormat format, List<String> names) {
        List<String> known = format.labels().stream().map(LabelTable::noun).toList();
        for (int i = 0; i < names.size(); i++) {
            int place = known.indexOf(noun(names.get(i)));
            if (place >= 0 && place != i) {
                throw new UserException(source + ": class '" + names.get(i) + "' has number " + place + " in lists of "
                        + format.key() + ", but number " + i + " here, where the classes are "
                        + String.join(", ", names)
                        + ". Write the labels of the list as names and read it as csv, or take"
                        + " a model with the list's classes.");
            }
        }
    }

    int indexOf(String cell, int line) {
        int index = isId(cell) ? Integer.parseInt(cell) - base : DatasetFormat.classNamed(names, cell);
        if (index < 0 || index >= names.size()) {
            throw new UserException(source + ":" + line + ": unknown label '" + cell + "', expected an id from " + base
                    + " to " + (base + names.size() - 1) + " or one of " + String.join(", ", names) + ".");
        }
        return index;
    }

    static String noun(String name) {
        String lower = name.strip().toLowerCase(Locale.ROOT);
        return NOUNS.getOrDefault(lower, lower);
    }

    private static boolean isId(String cell) {
        return cell.matches("\\d{1,6}");
    }

    private static List<String> namesOf(DatasetFormat format, List<String> cells) {
        if (format == DatasetFormat.CSV) {
            return namesIn(cells);
        }
        List<String> names = format.labels();
        boolean seven = format == DatasetFormat.AFFECTNET
                && cells.stream()
                        .noneMatch(cell -> cell.equals("7") || noun(cell).equals("contempt"));
        return seven ? names.subList(0, 7) : names;
    }

    /** Generic list: ids name themselves from 0 to the largest, names are sorted. */
    private static List<String> namesIn(List<String> cells) {
        if (!cells.stream().allMatch(LabelTable::isId)) {
            return List.copyOf(new TreeSet<>(cells));
        }
        int largest = cells.stream().mapToInt(Integer::parseInt).max().orElse(-1);
        List<String> names = new ArrayList<>();
        for (int i = 0; i <= largest; i++) {
            names.add(Integer.toString(i));
        }
        return names;
    }

    private static int baseOf(
            DatasetFormat format, ListOptions options, int classes, List<String> cells, List<String> notes) {
        if (options.base() != LabelBase.AUTO) {
            return options.base() == LabelBase.ONE ? 1 : 0;
        }
        List<Integer> ids =
                cells.stream().filter(LabelTable::isId).map(Integer::valueOf).toList();
        if (ids.isEmpty()) {
            return 0;
        }
        boolean namedByIds = format == DatasetFormat.CSV && options.labels().isEmpty();
        boolean zero = ids.contains(0);
        boolean beyond = ids.contains(classes) && !namedByIds;
        int base = zero ? 0 : beyond ? 1 : format.usualBase();
        if (base != format.usualBase()) {
            notes.add("class ids run from " + base + " to " + (base + classes - 1) + " in this list, not from "
                    + format.usualBase() + ": read so.");
        } else if (!zero && !beyond && !namedByIds) {
            notes.add("class ids in this list do not tell whether they start at 0 or 1; " + base + " assumed.");
        }
        return base;
    }
}

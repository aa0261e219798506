package org.s2d.weights;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Shape;

/**
 * Guesses which unexpected names mean which missing ones: by a common prefix, by names known to differ between
 * frameworks, else by edit distance between names of equal shape. Work is bounded whatever the file says.
 */
final class NameSuggestions {
    private static final int MAX_NAME = 200;
    private static final int MAX_PAIRS = 20_000;
    private static final int MAX_SUGGESTIONS = 8;
    /** Share of a name's characters that may differ. */
    private static final double MAX_DIFFERENCE = 0.4;

    private static final Map<String, String> KNOWN = Map.of(
            "norm", "ln_post",
            "fc_norm", "ln_post",
            "head", "head.fc_cls",
            "fc", "head.fc_cls",
            "classifier", "head.fc_cls");

    private final Map<String, Shape> missing;
    private final Map<String, Shape> unexpected;
    private int pairs;

    NameSuggestions(Map<String, Shape> missing, Map<String, Shape> unexpected) {
        this.missing = new LinkedHashMap<>(missing);
        this.unexpected = new LinkedHashMap<>(unexpected);
    }

    List<StateDictMatch.Suggestion> find() {
        List<StateDictMatch.Suggestion> found = new ArrayList<>();
        StateDictMatch.Suggestion added = prefix(unexpected, missing, true);
        if (added != null) {
            found.add(added);
        }
        StateDictMatch.Suggestion lacking = prefix(missing, unexpected, false);
        if (lacking != null) {
            found.add(lacking);
        }
        found.addAll(renamings());
        return List.copyOf(found.subList(0, Math.min(MAX_SUGGESTIONS, found.size())));
    }

    /** The prefix that most names of one side have before a name of the other; the pairs it explains are removed. */
    private StateDictMatch.@Nullable Suggestion prefix(
            Map<String, Shape> longer, Map<String, Shape> shorter, boolean inFile) {
        Map<String, List<String>> byPrefix = new HashMap<>();
        longer.forEach((name, shape) -> {
            for (int dot = name.indexOf('.'); dot >= 0 && dot < MAX_NAME; dot = name.indexOf('.', dot + 1)) {
                Shape other = shorter.get(name.substring(dot + 1));
                if (other != null && other.equals(shape)) {
                    byPrefix.computeIfAbsent(name.substring(0, dot + 1), p -> new ArrayList<>())
                            .add(name);
                }
            }
        });
        String best = null;
        List<String> names = List.of();
        for (Map.Entry<String, List<String>> entry : byPrefix.entrySet()) {
            int count = entry.getValue().size();
            boolean tie =
                    count == names.size() && best != null && entry.getKey().compareTo(best) < 0;
            if (count > names.size() || tie) {
                best = entry.getKey();
                names = entry.getValue();
            }
        }
        if (best == null) {
            return null;
        }
        for (String name : names) {
            longer.remove(name);
            shorter.remove(name.substring(best.length()));
        }
        return inFile
                ? new StateDictMatch.Suggestion(best + "*", "*", names.size())
                : new StateDictMatch.Suggestion("*", best + "*", names.size());
    }

    /** Pairs of similar names of equal shape, gathered by the module they belong to. */
    private List<StateDictMatch.Suggestion> renamings() {
        Map<String, StateDictMatch.Suggestion> byModule = new LinkedHashMap<>();
        missing.forEach((name, shape) -> {
            String best = closest(name, shape);
            if (best != null) {
                unexpected.remove(best);
                boolean sameLeaf = leaf(best).equals(leaf(name));
                String from = sameLeaf ? module(best) + ".*" : best;
                String to = sameLeaf ? module(name) + ".*" : name;
                byModule.merge(
                        from + " " + to,
                        new StateDictMatch.Suggestion(from, to, 1),
                        (a, b) -> new StateDictMatch.Suggestion(from, to, a.count() + 1));
            }
        });
        return new ArrayList<>(byModule.values());
    }

    private @Nullable String closest(String name, Shape shape) {
        String best = null;
        double least = MAX_DIFFERENCE;
        for (Map.Entry<String, Shape> candidate : unexpected.entrySet()) {
            if (candidate.getValue().equals(shape) && ++pairs <= MAX_PAIRS) {
                double difference = difference(candidate.getKey(), name);
                if (difference < least) {
                    least = difference;
                    best = candidate.getKey();
                }
            }
        }
        return best;
    }

    private static double difference(String from, String to) {
        if (leaf(from).equals(leaf(to)) && module(to).equals(KNOWN.get(module(from)))) {
            return 0;
        }
        int longest = Math.max(from.length(), to.length());
        return longest > MAX_NAME ? 1 : (double) distance(from, to) / longest;
    }

    /** Levenshtein distance. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replace = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replace, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }

    private static String leaf(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private static String module(String name) {
        return name.substring(0, Math.max(0, name.lastIndexOf('.')));
    }
}

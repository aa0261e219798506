package org.s2d.weights;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.s2d.tensor.Shape;

/**
 * How a file's tensors fit a model's parameters.
 *
 * @param sources the model's names that the file serves, each with the file's name for it
 * @param changes what the loading rules dropped, renamed or left to be initialised
 * @param missing the model's names that the file does not serve
 * @param unexpected the file's names that the model does not have
 * @param mismatches names that both have, with different shapes
 * @param suggestions what missing and unexpected names have in common
 */
public record StateDictMatch(
        Map<String, String> sources,
        List<Change> changes,
        List<String> missing,
        List<String> unexpected,
        List<Mismatch> mismatches,
        List<Suggestion> suggestions) {
    private static final int LISTED = 8;

    /** One application of a loading rule, in words. */
    public record Change(String name, String what) {}

    /** A name with two shapes. */
    public record Mismatch(String name, Shape stored, Shape expected) {}

    /** Renaming {@code from} to {@code to} in the file would serve {@code count} more names. */
    public record Suggestion(String from, String to, int count) {}

    /** True when every parameter is served or deliberately initialised, and nothing is left over. */
    public boolean isComplete() {
        return missing.isEmpty() && unexpected.isEmpty() && mismatches.isEmpty();
    }

    /** The same in lines for people. */
    public List<String> report() {
        List<String> lines = new ArrayList<>();
        int expected = sources.size() + missing.size() + mismatches.size();
        lines.add(sources.size() + " of the model's tensors are in the file"
                + (isComplete() ? "; nothing missing, nothing unexpected" : " (of " + expected + " looked for)"));
        changes.forEach(change -> lines.add(change.name() + ": " + change.what()));
        mismatches.forEach(wrong -> lines.add(
                wrong.name() + ": shape " + wrong.stored() + " in the file, the model has " + wrong.expected()));
        list(lines, "missing", missing);
        list(lines, "unexpected", unexpected);
        suggestions.forEach(hint -> lines.add("did the file mean " + hint.to() + " by " + hint.from() + "? ("
                + hint.count() + (hint.count() == 1 ? " tensor)" : " tensors)")));
        return lines;
    }

    private static void list(List<String> lines, String title, List<String> names) {
        if (!names.isEmpty()) {
            String shown = String.join(", ", names.subList(0, Math.min(LISTED, names.size())));
            String rest = names.size() > LISTED ? ", and " + (names.size() - LISTED) + " more" : "";
            lines.add(title + " (" + names.size() + "): " + shown + rest);
        }
    }
}

package org.s2d.weights;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Shape;

/** Compares the names and shapes of a file with those of a model. Reads and writes no data. */
public final class StateDictMatcher {
    private static final String PROMPT_WEIGHT = "patch_embed_prompt.proj.weight";
    private static final String HEAD = "head.fc_cls.";
    private static final String ENCODER = "encoder.";

    private final Map<String, Shape> expected;
    private final Map<String, Shape> offered = new LinkedHashMap<>();
    private final Map<String, String> storedNames = new LinkedHashMap<>();
    private final Map<String, String> initialised = new LinkedHashMap<>();
    private final List<StateDictMatch.Change> changes = new ArrayList<>();

    private StateDictMatcher(Map<String, Shape> expected) {
        this.expected = expected;
    }

    /** Compares names as they are. */
    public static StateDictMatch match(Map<String, Shape> stored, Map<String, Shape> expected) {
        StateDictMatcher matcher = new StateDictMatcher(expected);
        stored.forEach((name, shape) -> matcher.offer(name, name, shape));
        return matcher.result();
    }

    /**
     * Compares by the rules of S2D checkpoints: names that contain {@code landmark} are dropped; {@code norm.*} is
     * {@code ln_post.*}; the landmark projection's weight is dropped when the channel count differs, and the head when
     * the class count differs (the model keeps its initial values there).
     */
    public static StateDictMatch matchS2d(Map<String, Shape> stored, Map<String, Shape> expected) {
        StateDictMatcher matcher = new StateDictMatcher(expected);
        stored.forEach((name, shape) -> matcher.offerByRules(name, shape, stored));
        return matcher.result();
    }

    /**
     * Compares by the rules of S4D checkpoints: for a fine-tuning model the encoder of a pre-training checkpoint loses its prefix
     * {@code encoder.}, and the rest of it is dropped, the encoder's last norm too; a head is dropped when the class count differs.
     */
    public static StateDictMatch matchS4d(Map<String, Shape> stored, Map<String, Shape> expected) {
        StateDictMatcher matcher = new StateDictMatcher(expected);
        boolean fineTuning = expected.keySet().stream().noneMatch(name -> name.startsWith(ENCODER));
        boolean pretrained = fineTuning && stored.keySet().stream().anyMatch(name -> name.startsWith(ENCODER));
        stored.forEach((name, shape) -> {
            String target = pretrained && name.startsWith(ENCODER) ? name.substring(ENCODER.length()) : name;
            Shape wanted = expected.get(target);
            if (pretrained && wanted == null) {
                matcher.changes.add(new StateDictMatch.Change(name, "dropped, part of the pre-training"));
            } else if (target.startsWith("head.") && wanted != null && !wanted.equals(shape)) {
                String reason = "dropped, the file has " + shape.dim(0) + " classes and the model " + wanted.dim(0);
                matcher.initialised.put(target, reason);
                matcher.changes.add(new StateDictMatch.Change(name, reason + "; initialised afresh"));
            } else {
                matcher.offer(target, name, shape);
            }
        });
        return matcher.result();
    }

    /** The number of classes of an S2D state dict's head. */
    public static OptionalInt classCount(Map<String, Shape> stored) {
        Shape head = stored.get(HEAD + "weight");
        return head == null || head.rank() != 2 ? OptionalInt.empty() : OptionalInt.of(head.dim(0));
    }

    private void offer(String name, String storedName, Shape shape) {
        offered.put(name, shape);
        storedNames.put(name, storedName);
    }

    private void offerByRules(String name, Shape shape, Map<String, Shape> stored) {
        if (name.contains("landmark")) {
            changes.add(new StateDictMatch.Change(name, "dropped, part of the landmark network"));
            return;
        }
        String target = name.startsWith("norm.") ? "ln_post." + name.substring("norm.".length()) : name;
        if (!target.equals(name)) {
            if (stored.containsKey(target)) {
                changes.add(new StateDictMatch.Change(name, "dropped, the file has " + target + " too"));
                return;
            }
            changes.add(new StateDictMatch.Change(name, "renamed to " + target));
        }
        String reason = reasonToInitialise(target, shape);
        if (reason != null) {
            initialised.put(target, reason);
            changes.add(new StateDictMatch.Change(name, reason + "; initialised afresh"));
            return;
        }
        offer(target, name, shape);
    }

    private @Nullable String reasonToInitialise(String name, Shape shape) {
        Shape wanted = expected.get(name);
        if (wanted == null || wanted.equals(shape) || wanted.rank() != shape.rank() || shape.rank() == 0) {
            return null;
        }
        if (name.equals(PROMPT_WEIGHT) && shape.rank() == 4 && wanted.equals(shape.with(1, wanted.dim(1)))) {
            return "dropped, the file has " + shape.dim(1) + " landmark channels and the model " + wanted.dim(1);
        }
        if (name.startsWith(HEAD) && wanted.equals(shape.with(0, wanted.dim(0)))) {
            return "dropped, the file has " + shape.dim(0) + " classes and the model " + wanted.dim(0);
        }
        return null;
    }

    private StateDictMatch result() {
        Map<String, String> sources = new LinkedHashMap<>();
        Map<String, Shape> missing = new LinkedHashMap<>();
        List<StateDictMatch.Mismatch> mismatches = new ArrayList<>();
        expected.forEach((name, shape) -> {
            Shape found = offered.remove(name);
            if (found == null) {
                if (!initialised.containsKey(name)) {
                    missing.put(name, shape);
                }
            } else if (found.equals(shape)) {
                sources.put(name, storedNames.getOrDefault(name, name));
            } else {
                mismatches.add(new StateDictMatch.Mismatch(name, found, shape));
            }
        });
        Map<String, Shape> unexpected = new LinkedHashMap<>();
        offered.forEach((name, shape) -> unexpected.put(storedNames.getOrDefault(name, name), shape));
        return new StateDictMatch(
                Collections.unmodifiableMap(sources),
                List.copyOf(changes),
                List.copyOf(missing.keySet()),
                List.copyOf(unexpected.keySet()),
                List.copyOf(mismatches),
                new NameSuggestions(missing, unexpected).find());
    }
}

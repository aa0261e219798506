package org.s2d.data.check;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.s2d.data.Sample;
import org.s2d.data.check.Finding.Level;

/** What two lists share that they should not: the same clip, a copy of it under another name, the same person. */
public final class Leaks {
    private Leaks() {}

    /**
     * Findings on each pair of lists. Between training and others they are errors; between validation and test, where the best epoch is
     * chosen on clips that are tested, notes. Two equal validation and test lists are one note.
     */
    public static List<Finding> findings(List<SplitCheck> splits) {
        List<Finding> findings = new ArrayList<>();
        for (SplitCheck split : splits) {
            copiesWithin(split, findings);
        }
        for (int i = 0; i < splits.size(); i++) {
            for (int j = i + 1; j < splits.size(); j++) {
                between(splits.get(i), splits.get(j), findings);
            }
        }
        return findings;
    }

    /** Findings on what a model of two tasks learns from in the one and is tested on in the other. */
    public static List<Finding> between(List<SplitCheck> task, List<SplitCheck> other) {
        List<Finding> findings = new ArrayList<>();
        for (SplitCheck first : task) {
            for (SplitCheck second : other) {
                if (first.isTraining() && !second.isTraining()) {
                    between(first, second, findings);
                } else if (second.isTraining() && !first.isTraining()) {
                    between(second, first, findings);
                }
            }
        }
        return findings;
    }

    private static void between(SplitCheck first, SplitCheck second, List<Finding> findings) {
        boolean training = first.isTraining();
        if (!training && paths(first).equals(paths(second))) {
            findings.add(new Finding(
                    Level.NOTE,
                    "same list",
                    second.split(),
                    "",
                    "the same clips as in " + first.split()
                            + ": the best epoch is chosen on the clips that are tested, which flatters the result"));
            return;
        }
        Level level = training ? Level.ERROR : Level.NOTE;
        Set<String> paths = paths(first);
        Map<String, String> digests = digests(first);
        for (int i = 0; i < second.list().size(); i++) {
            Sample sample = second.list().samples().get(i);
            String copy = digests.get(second.facts().get(i).digest());
            if (paths.contains(path(sample))) {
                findings.add(new Finding(
                        level, "leak: same clip", second.split(), sample.id(), "is in " + first.split() + " too"));
            } else if (copy != null) {
                findings.add(new Finding(
                        level,
                        "leak: copy",
                        second.split(),
                        sample.id(),
                        "has the same frames as " + copy + " in " + first.split()
                                + " (first, middle and last, byte for byte)"));
            }
        }
        people(first, second, level, findings);
    }

    private static void people(SplitCheck first, SplitCheck second, Level level, List<Finding> findings) {
        Set<String> before = new HashSet<>(first.clipsOfPersons().keySet());
        second.clipsOfPersons().forEach((person, clips) -> {
            if (before.contains(person)) {
                String more = clips.size() > 1 ? " and " + (clips.size() - 1) + " more clips" : "";
                findings.add(new Finding(
                        level,
                        "leak: same person",
                        second.split(),
                        clips.getFirst(),
                        "shows " + person + more + ", who is in " + first.split() + " too"));
            }
        });
    }

    private static void copiesWithin(SplitCheck split, List<Finding> findings) {
        Map<String, Sample> seen = new HashMap<>();
        for (int i = 0; i < split.list().size(); i++) {
            String digest = split.facts().get(i).digest();
            Sample sample = split.list().samples().get(i);
            Sample before = digest.isEmpty() ? null : seen.putIfAbsent(digest, sample);
            if (before != null && !path(before).equals(path(sample))) {
                boolean same = before.label() == sample.label();
                findings.add(new Finding(
                        same ? Level.WARNING : Level.ERROR,
                        same ? "copy in a list" : "copy with another label",
                        split.split(),
                        sample.id(),
                        "has the same frames as " + before.id() + " (first, middle and last, byte for byte)"));
            }
        }
    }

    private static Set<String> paths(SplitCheck split) {
        Set<String> paths = new HashSet<>();
        split.list().samples().forEach(sample -> paths.add(path(sample)));
        return paths;
    }

    private static Map<String, String> digests(SplitCheck split) {
        Map<String, String> digests = new HashMap<>();
        for (int i = 0; i < split.list().size(); i++) {
            String digest = split.facts().get(i).digest();
            if (!digest.isEmpty()) {
                digests.putIfAbsent(digest, split.list().samples().get(i).id());
            }
        }
        return digests;
    }

    private static String path(Sample sample) {
        return sample.media().path().toAbsolutePath().normalize().toString();
    }
}

package org.s2d.data.check;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.s2d.data.ClipList;
import org.s2d.data.DatasetFormat;
import org.s2d.data.Sample;
import org.s2d.data.check.Finding.Level;

/**
 * What is to be said of one list by itself.
 *
 * @param split train, val or test, or one of these after the name of its task
 * @param facts of every sample, in the list's order
 * @param persons who is shown, as far as it is known
 */
public record SplitCheck(String split, ClipList list, List<ClipProbe.Facts> facts, Persons persons) {
    /** Whether a model learns from this list. */
    boolean isTraining() {
        return split.endsWith("train");
    }

    /** Clips of each person that is known. */
    public Map<String, List<String>> clipsOfPersons() {
        Map<String, List<String>> clips = new LinkedHashMap<>();
        for (Sample sample : list.samples()) {
            Optional<String> person = persons.of(sample.id());
            person.ifPresent(name ->
                    clips.computeIfAbsent(name, unseen -> new ArrayList<>()).add(sample.id()));
        }
        return clips;
    }

    /** All findings, those about the list first. */
    public List<Finding> findings() {
        List<Finding> findings = new ArrayList<>();
        list.notes().forEach(note -> findings.add(new Finding(Level.NOTE, "list", split, "", note)));
        classes(findings);
        duplicates(findings);
        for (int i = 0; i < list.size(); i++) {
            Sample sample = list.samples().get(i);
            folderNames(sample, findings);
            for (ClipProbe.Problem problem : facts.get(i).problems()) {
                findings.add(new Finding(problem.level(), problem.check(), split, sample.id(), problem.message()));
            }
        }
        sizes(findings);
        return findings;
    }

    private void classes(List<Finding> findings) {
        int[] counts = list.classCounts();
        for (int c = 0; c < counts.length; c++) {
            if (counts[c] == 0) {
                Level level = isTraining() ? Level.ERROR : Level.WARNING;
                String effect = isTraining() ? "it cannot be learned" : "UAR is over the others";
                String message = "no clips of " + list.labels().get(c) + ": " + effect;
                findings.add(new Finding(level, "empty class", split, "", message));
            }
        }
    }

    private void duplicates(List<Finding> findings) {
        Map<String, Sample> seen = new HashMap<>();
        for (Sample sample : list.samples()) {
            Sample before = seen.putIfAbsent(sample.media().path().normalize().toString(), sample);
            if (before != null) {
                boolean same = before.label() == sample.label();
                String labels = list.labels().get(before.label()) + " and "
                        + list.labels().get(sample.label());
                findings.add(new Finding(
                        same ? Level.WARNING : Level.ERROR,
                        same ? "clip twice" : "two labels",
                        split,
                        sample.id(),
                        same ? "is in the list a second time" : "is in the list as " + labels));
            }
        }
    }

    /** Where a folder of the path bears the name of a class, it should be the clip's. */
    private void folderNames(Sample sample, List<Finding> findings) {
        for (String part : sample.id().split("[/\\\\]", -1)) {
            int named = DatasetFormat.classNamed(list.labels(), part);
            if (named >= 0 && named != sample.label()) {
                findings.add(new Finding(
                        Level.ERROR,
                        "label mapping",
                        split,
                        sample.id(),
                        "lies in a folder called " + part + ", but its label says "
                                + list.labels().get(sample.label()) + ". Do the ids start at "
                                + "0 or 1 (data.label_base), and are the classes in the right order?"));
            }
        }
    }

    /** The usual size, and how many clips have another. */
    private void sizes(List<Finding> findings) {
        Map<String, Integer> counts = new TreeMap<>();
        facts.forEach(fact -> fact.sizes().forEach(size -> counts.merge(size, 1, Integer::sum)));
        if (counts.size() < 2) {
            return;
        }
        String usual = counts.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
        int others = counts.values().stream().mapToInt(Integer::intValue).sum() - counts.getOrDefault(usual, 0);
        findings.add(new Finding(
                Level.NOTE,
                "sizes",
                split,
                "",
                String.format(
                        Locale.ROOT,
                        "most frames have %s pixels; %d clips have %s",
                        usual,
                        others,
                        counts.size() == 2 ? "another size" : "one of " + (counts.size() - 1) + " other sizes")));
    }
}

package org.s2d.data;

import java.util.List;

/**
 * The content of an annotation list.
 *
 * @param source the file it was read from
 * @param labels class names; a sample's label is an index into them
 * @param samples in the order of the file
 * @param notes what the reader decided by itself and the user should know, one sentence each
 */
public record ClipList(String source, List<String> labels, List<Sample> samples, List<String> notes) {
    public ClipList {
        labels = List.copyOf(labels);
        samples = List.copyOf(samples);
        notes = List.copyOf(notes);
        for (Sample sample : samples) {
            if (sample.label() < 0 || sample.label() >= labels.size()) {
                throw new IllegalArgumentException(
                        "label " + sample.label() + " of " + sample.id() + " is not in 0.." + (labels.size() - 1));
            }
        }
    }

    public int size() {
        return samples.size();
    }

    /** Class index of every sample. */
    public int[] labelIds() {
        return samples.stream().mapToInt(Sample::label).toArray();
    }

    /** Number of samples of each class. */
    public int[] classCounts() {
        int[] counts = new int[labels.size()];
        for (Sample sample : samples) {
            counts[sample.label()]++;
        }
        return counts;
    }
}

package org.s2d.train.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.data.ClipList;
import org.s2d.data.metrics.ConfusionMatrix;

/**
 * What a checkpoint tells about itself besides weights, class names and configuration: the clips that it learned from, and how it did on
 * validation. A function of data and steps alone, so that a resumed run writes the same bytes.
 */
public final class RunFacts {
    /** Keys of the two kinds of facts, as {@link RunInfo#section} takes them. */
    public static final String DATA = "data";

    public static final String VALIDATION = "validation";

    private final Map<String, Object> data;
    private Map<String, Object> validation = Map.of();

    private RunFacts(Map<String, Object> data) {
        this.data = data;
    }

    /** Facts of a run's lists, before any validation. */
    public static RunFacts of(ClipList train, @Nullable ClipList val) {
        Map<String, Object> data = new LinkedHashMap<>();
        put(data, "train", train);
        if (val != null) {
            put(data, "val", val);
        }
        return new RunFacts(data);
    }

    private static void put(Map<String, Object> data, String name, ClipList list) {
        List<Integer> counts = new ArrayList<>();
        for (int count : list.classCounts()) {
            counts.add(count);
        }
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("source", list.source());
        facts.put("clips_per_class", counts);
        data.put(name, facts);
    }

    /** Takes down what a validation found, in place of the one before. */
    public void validated(int epoch, double loss, ConfusionMatrix matrix) {
        List<Double> recalls = new ArrayList<>();
        for (int c = 0; c < matrix.classes(); c++) {
            recalls.add(matrix.recall(c));
        }
        Map<String, Object> found = new LinkedHashMap<>();
        found.put("epoch", epoch);
        found.put("clips", matrix.total());
        found.put("loss", loss);
        found.put("war", matrix.war());
        found.put("uar", matrix.uar());
        found.put("recalls", recalls);
        validation = found;
    }

    /** Goes on from a checkpoint's facts; one of an older version has none. */
    void restore(RunInfo info) {
        Map<String, Object> found = new LinkedHashMap<>();
        info.section(VALIDATION).forEach((key, value) -> found.put(String.valueOf(key), value));
        validation = found;
    }

    Map<String, Object> toMap() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put(DATA, data);
        facts.put(VALIDATION, validation);
        return facts;
    }
}

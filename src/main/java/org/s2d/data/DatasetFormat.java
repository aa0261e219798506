package org.s2d.data;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.s2d.tensor.UserException;

/** The data sets whose annotation lists we know, with their class names in the order of their ids. */
public enum DatasetFormat {
    DFEW(0, "Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"),
    FERV39K(0, "Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"),
    MAFW(
            0,
            "Anger",
            "Anxiety",
            "Contempt",
            "Disappointment",
            "Disgust",
            "Fear",
            "Happiness",
            "Helplessness",
            "Neutral",
            "Sadness",
            "Surprise"),
    /** Seven classes, or eight when the list has an eighth. */
    AFFECTNET(0, "Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Anger", "Contempt"),
    /** Ids start at 1; files on disk carry {@code _aligned} in their names. */
    RAF_DB(1, "Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", "Neutral"),
    /** {@code path,label}, where the label is an id or a name. */
    CSV(0);

    private final int usualBase;

    @SuppressWarnings("ImmutableEnumChecker") // List.of
    private final List<String> labels;

    DatasetFormat(int usualBase, String... labels) {
        this.usualBase = usualBase;
        this.labels = List.of(labels);
    }

    /** The id of the first class in a list that does not tell by itself. */
    int usualBase() {
        return usualBase;
    }

    /** Class names; empty for {@link #CSV}. */
    public List<String> labels() {
        return labels;
    }

    /** The format of a name as users write it: {@code dfew}, {@code raf-db}, {@code csv}. */
    public static DatasetFormat parse(String name) {
        for (DatasetFormat format : values()) {
            if (format.key().equals(name.toLowerCase(Locale.ROOT).replace('_', '-'))) {
                return format;
            }
        }
        throw new UserException("data format '" + name + "' is unknown, expected one of "
                + Arrays.stream(values()).map(DatasetFormat::key).collect(Collectors.joining(", ")) + ".");
    }

    /** The class that a name means, happy or Happiness; -1 for none. */
    public static int classNamed(List<String> labels, String name) {
        for (int i = 0; i < labels.size(); i++) {
            if (LabelTable.noun(labels.get(i)).equals(LabelTable.noun(name))) {
                return i;
            }
        }
        return -1;
    }

    /** The name users write. */
    public String key() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}

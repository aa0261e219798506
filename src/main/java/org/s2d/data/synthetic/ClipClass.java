package org.s2d.data.synthetic;

import java.util.Arrays;
import java.util.List;
import org.s2d.tensor.UserException;

/**
 * The classes of drawn clips. Onset and offset of the same expression are the very same frames in opposite order, so
 * that neither a frame nor a set of frames tells them apart.
 */
public enum ClipClass {
    NEUTRAL("Neutral", false),
    SAD("Sad", false),
    ANGRY("Angry", false),
    SMILE_ONSET("SmileOnset", false),
    SMILE_OFFSET("SmileOffset", true),
    SURPRISE_ONSET("SurpriseOnset", false),
    SURPRISE_OFFSET("SurpriseOffset", true);

    private final String label;
    private final boolean reversed;

    ClipClass(String label, boolean reversed) {
        this.label = label;
        this.reversed = reversed;
    }

    /** The name in lists. */
    public String label() {
        return label;
    }

    Expression peak() {
        return switch (this) {
            case NEUTRAL -> Expression.NEUTRAL;
            case SAD -> Expression.SAD;
            case ANGRY -> Expression.ANGRY;
            case SMILE_ONSET, SMILE_OFFSET -> Expression.HAPPY;
            case SURPRISE_ONSET, SURPRISE_OFFSET -> Expression.SURPRISE;
        };
    }

    /** True for the classes that are another one's frames in opposite order. */
    public boolean isOffset() {
        return reversed;
    }

    /** The label of a still at the peak. */
    public String stillLabel() {
        return switch (this) {
            case NEUTRAL -> "Neutral";
            case SAD -> "Sad";
            case ANGRY -> "Angry";
            case SMILE_ONSET, SMILE_OFFSET -> "Happy";
            case SURPRISE_ONSET, SURPRISE_OFFSET -> "Surprise";
        };
    }

    /** Labels of stills in the order of their ids. */
    public static List<String> stillLabels() {
        return Arrays.stream(values()).map(ClipClass::stillLabel).distinct().toList();
    }

    /** The class of a label. */
    public static ClipClass ofLabel(String label) {
        return Arrays.stream(values())
                .filter(kind -> kind.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new UserException("clip class '" + label + "' is not one of " + labels() + "."));
    }

    boolean reversed() {
        return reversed;
    }

    /** The class that has the same frames in forward order; this one itself unless it is an offset. */
    ClipClass forward() {
        return switch (this) {
            case SMILE_OFFSET -> SMILE_ONSET;
            case SURPRISE_OFFSET -> SURPRISE_ONSET;
            case NEUTRAL, SAD, ANGRY, SMILE_ONSET, SURPRISE_ONSET -> this;
        };
    }

    /** Names in the order of their ids. */
    public static List<String> labels() {
        return Arrays.stream(values()).map(ClipClass::label).toList();
    }

    /** Names of the classes that only the order of frames tells apart. */
    public static List<String> orderOnly() {
        return Arrays.stream(values())
                .filter(c ->
                        Arrays.stream(values()).anyMatch(other -> other.reversed && other.forward() == c.forward()))
                .map(ClipClass::label)
                .toList();
    }
}

package org.s2d.data;

import java.util.List;
import java.util.Map;

/**
 * How to read an annotation list.
 *
 * @param labels class names; empty: those of the format, or for a generic list those found in it. A validation list is
 *     read with the names of its training list, so that both number the classes alike.
 * @param base id of the first class
 * @param where only rows whose column has this value, such as {@code split=train}, or begins so, {@code path=train_*}; columns
 *     other than path and label need a header line
 * @param requireMedia whether a clip whose file or folder does not exist is an error at once, instead of when it is loaded
 */
public record ListOptions(List<String> labels, LabelBase base, Map<String, String> where, boolean requireMedia) {
    /** Where class ids start. */
    public enum LabelBase {
        /** Told from the ids in the list. */
        AUTO,
        ZERO,
        ONE
    }

    public ListOptions {
        labels = List.copyOf(labels);
        where = Map.copyOf(where);
    }

    public static ListOptions defaults() {
        return new ListOptions(List.of(), LabelBase.AUTO, Map.of(), true);
    }

    public ListOptions withLabels(List<String> names) {
        return new ListOptions(names, base, where, requireMedia);
    }

    public ListOptions withBase(LabelBase start) {
        return new ListOptions(labels, start, where, requireMedia);
    }

    public ListOptions where(String column, String value) {
        return new ListOptions(labels, base, Map.of(column, value), requireMedia);
    }

    public ListOptions withRequireMedia(boolean require) {
        return new ListOptions(labels, base, where, require);
    }
}

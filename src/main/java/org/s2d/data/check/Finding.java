package org.s2d.data.check;

/**
 * One thing that a check found.
 *
 * @param check what was checked, in a word or two; findings of one check are shown together
 * @param split train, val or test
 * @param clip its name in the list; empty where the finding is about a whole list
 */
public record Finding(Level level, String check, String split, String clip, String message) {
    /** How bad it is. */
    public enum Level {
        /** Training or its result would be wrong. */
        ERROR,
        /** Probably not meant so. */
        WARNING,
        /** Worth knowing. */
        NOTE
    }
}

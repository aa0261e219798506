package org.s2d.data.prepare;

import java.nio.file.Path;
import java.util.Locale;

/**
 * A stretch of a file that shows one expression.
 *
 * @param file video, photograph or folder of frames
 * @param label class, as the data set to be made calls it
 * @param person who is seen; empty where that is not known
 * @param part where it belongs: train, val or test, or the number of a fold; empty where that is for us to choose
 * @param start first second, or first frame; the stretch goes from there to {@code end}, both included
 * @param end last second or frame, infinite for that of the file
 * @param inFrames whether start and end count frames instead of seconds
 */
record Source(Path file, String label, String person, String part, double start, double end, boolean inFrames) {
    /** The whole file. */
    static Source of(Path file, String label, String person) {
        return new Source(file, label, person, "", 0, Double.POSITIVE_INFINITY, false);
    }

    /** The same under the name that the class has in the data set. */
    Source withLabel(String name) {
        return new Source(file, name, person, part, start, end, inFrames);
    }

    /** Clips of one group never come into different parts: they show one person or, where that is not known, are of one file. */
    String group() {
        return person.isEmpty() ? file.toString() : person;
    }

    /** The first second, in a file of so many frames per second. */
    double startSeconds(double frameRate) {
        return inFrames ? (start - 0.5) / frameRate : start;
    }

    /** The last second, in a file of so many frames per second. */
    double endSeconds(double frameRate) {
        return inFrames ? (end + 0.5) / frameRate : end;
    }

    /** For messages: the file, and which part of it. */
    String describe() {
        if (start == 0 && end == Double.POSITIVE_INFINITY) {
            return file.toString();
        }
        return String.format(Locale.ROOT, "%s, %s %g to %g", file, inFrames ? "frames" : "seconds", start, end);
    }
}

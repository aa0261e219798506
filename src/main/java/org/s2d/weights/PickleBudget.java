package org.s2d.weights;

/** What reading one file's pickles may cost, whatever the file says. */
final class PickleBudget {
    /** Opcodes; a checkpoint of a thousand tensors with optimiser state takes about two hundred thousand. */
    private static final int MAX_STEPS = 2_000_000;
    /** Bytes of text and inline arrays, counting copies. */
    private static final long MAX_BYTES = 128L << 20;

    private final SourceFile file;
    private int steps;
    private long bytes;

    PickleBudget(SourceFile file) {
        this.file = file;
    }

    void step() {
        steps(1);
    }

    /** Counts the copying of a collection like the opcodes that would have built it. */
    void steps(int count) {
        steps += count;
        if (steps > MAX_STEPS || steps < 0) {
            throw file.problem("the pickle takes more than " + MAX_STEPS + " steps; refused as not a checkpoint.");
        }
    }

    void bytes(long count) {
        bytes += count;
        if (count > MAX_BYTES || bytes > MAX_BYTES) {
            throw file.problem("the pickle holds more than " + (MAX_BYTES >> 20)
                    + " MiB beside its tensors; refused as not a checkpoint.");
        }
    }
}

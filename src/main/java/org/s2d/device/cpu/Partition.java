package org.s2d.device.cpu;

/** How a loop is cut: whole, on the calling thread, or among workers ({@code workers::parallelFor}). */
@FunctionalInterface
interface Partition {
    /** The specification's way. */
    Partition WHOLE = (count, grain, task) -> {
        if (count > 0) {
            task.run(0, 0, count);
        }
    };

    void run(long count, long grain, Workers.RangeTask task);

    /** Cuts rows of {@code width} elements of costly arithmetic. */
    default void rows(long count, int width, Workers.RangeTask task) {
        run(count, Math.max(1, 1024 / Math.max(1, width)), task);
    }
}

package org.s2d.device.cpu;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A fixed team of threads for data-parallel loops. The calling thread takes part as worker 0, so a team of one has no
 * threads of its own. How a loop is cut depends only on its length, its grain and the size of the team: the same call
 * gives the same ranges to the same workers, which keeps sums over per-worker partial results repeatable.
 *
 * <p>Threads wait for the next loop by spinning for a moment (loops follow each other closely in a training step) and
 * then sleep; they are daemons. Loops started by different threads run one after the other; a loop started inside
 * another one runs on the worker that started it.
 */
public final class Workers implements AutoCloseable {
    /** The body of a loop: elements {@code from} (included) to {@code to} (excluded), run by worker {@code worker}. */
    @FunctionalInterface
    public interface RangeTask {
        void run(int worker, long from, long to);
    }

    /** Longer than the gaps between kernels, short enough that an idle team costs nothing. */
    private static final long SPIN_NANOS = 50_000;

    private final Worker[] others;
    private final Scratch scratch;
    private final long spinNanos;
    private final ReentrantLock busy = new ReentrantLock();
    private volatile boolean closed;

    public Workers(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads: " + threads + ", expected at least 1");
        }
        // With more threads than cores a spinning thread only keeps a working one from its core.
        spinNanos = threads <= Runtime.getRuntime().availableProcessors() ? SPIN_NANOS : 0;
        scratch = new Scratch(threads);
        others = new Worker[threads - 1];
        for (int i = 0; i < others.length; i++) {
            others[i] = new Worker(i + 1);
            others[i].start();
        }
    }

    /** Number of workers, the caller included; worker indices are below it. */
    public int count() {
        return others.length + 1;
    }

    /** Working memory of each worker, for use inside a loop; goes when the team is closed. */
    Scratch scratch() {
        return scratch;
    }

    /**
     * Runs {@code task} over the elements 0 to {@code count - 1}, cut into at most {@link #count} ranges of nearly equal
     * length that start at multiples of {@code grain}; range {@code i} belongs to worker {@code i}. Returns when all are
     * done. Whatever the task throws is thrown here, that of the lowest worker first, the others suppressed.
     *
     * @param grain least number of elements worth a range of their own; a loop of at most this many runs inline
     */
    public void parallelFor(long count, long grain, RangeTask task) {
        if (count < 0 || grain < 1) {
            throw new IllegalArgumentException("parallelFor: count " + count + ", grain " + grain);
        }
        if (count == 0) {
            return;
        }
        int nestedIn = currentWorker();
        if (nestedIn >= 0) {
            task.run(nestedIn, 0, count);
            return;
        }
        busy.lock();
        try {
            if (closed) {
                throw new IllegalStateException("workers are closed");
            }
            if (count <= grain || others.length == 0) {
                task.run(0, 0, count);
            } else {
                runParts(new Loop(task, count, grain, count()));
            }
        } finally {
            busy.unlock();
        }
    }

    private void runParts(Loop loop) {
        for (int i = 1; i < loop.parts; i++) {
            others[i - 1].give(loop);
        }
        loop.run(0);
        long spinUntil = System.nanoTime() + spinNanos;
        while (loop.pending.get() > 0) {
            waitBriefly(spinUntil);
        }
        loop.rethrow();
    }

    /** Index of the worker that the current thread is in a loop of this team, -1 outside. */
    private int currentWorker() {
        if (busy.isHeldByCurrentThread()) {
            return 0;
        }
        return Thread.currentThread() instanceof Worker worker && worker.team() == this ? worker.index : -1;
    }

    private void waitBriefly(long spinUntil) {
        if (System.nanoTime() - spinUntil < 0) {
            Thread.onSpinWait();
        } else {
            LockSupport.park(this);
        }
    }

    /** Ends the threads, after the running loop if there is one. */
    @Override
    public void close() {
        if (currentWorker() >= 0) {
            throw new IllegalStateException("workers closed from inside their own loop");
        }
        busy.lock();
        try {
            if (!closed) {
                scratch.close();
            }
            closed = true;
        } finally {
            busy.unlock();
        }
        for (Worker worker : others) {
            LockSupport.unpark(worker);
        }
    }

    /** One call of {@link #parallelFor}. */
    private static final class Loop {
        final RangeTask task;
        final long count;
        final long grain;
        final long units;
        final int parts;
        final Thread caller = Thread.currentThread();
        final AtomicInteger pending;
        final @Nullable Throwable[] failures;

        Loop(RangeTask task, long count, long grain, int workers) {
            this.task = task;
            this.count = count;
            this.grain = grain;
            units = Math.ceilDiv(count, grain);
            parts = (int) Math.min(workers, units);
            pending = new AtomicInteger(parts);
            failures = new Throwable[parts];
        }

        /** Start of a part; the first {@code units % parts} parts get one unit more. */
        private long start(int part) {
            long unit = units / parts * part + Math.min(part, units % parts);
            return part == parts ? count : unit * grain;
        }

        void run(int part) {
            try {
                task.run(part, start(part), start(part + 1));
            } catch (Throwable failure) {
                failures[part] = failure;
            }
            if (pending.decrementAndGet() == 0) {
                LockSupport.unpark(caller);
            }
        }

        void rethrow() {
            Throwable first = null;
            for (Throwable failure : failures) {
                if (first == null) {
                    first = failure;
                } else if (failure != null && failure != first) {
                    first.addSuppressed(failure);
                }
            }
            switch (first) {
                case null -> {}
                case RuntimeException exception -> throw exception;
                case Error error -> throw error;
                default -> throw new IllegalStateException(first);
            }
        }
    }

    private final class Worker extends Thread {
        final int index;
        private volatile @Nullable Loop next;

        Worker(int index) {
            super("s2d-worker-" + index);
            this.index = index;
            setDaemon(true);
        }

        Workers team() {
            return Workers.this;
        }

        void give(Loop loop) {
            next = loop;
            LockSupport.unpark(this);
        }

        @Override
        public void run() {
            while (awaitNext()) {
                Loop loop = Objects.requireNonNull(next);
                next = null; // before the loop ends, because the next one may be given right then
                loop.run(index);
            }
        }

        /** False when the team was closed. */
        private boolean awaitNext() {
            long spinUntil = System.nanoTime() + spinNanos;
            while (next == null) {
                if (closed) {
                    return false;
                }
                waitBriefly(spinUntil);
            }
            return true;
        }
    }
}

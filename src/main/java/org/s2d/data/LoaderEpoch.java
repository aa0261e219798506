package org.s2d.data;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.s2d.data.augment.TrainDecisions;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * The batches of one epoch, in order, made ahead of their use. All memory is taken and given back by the thread that
 * calls {@link #next}; workers only write into it. Closing stops the work and returns what was not taken.
 */
public final class LoaderEpoch implements AutoCloseable {
    /** A batch that workers are filling: {@code placed[i]} is the item in slot i, all its versions, once {@code open} is zero. */
    private static final class Pending {
        final int index;
        final Scope scope;
        final Tensor frames;
        final TrainDecisions[][] decisions;
        final int[] placed;
        final CountDownLatch open;
        final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

        Pending(int index, Scope scope, Tensor frames, int slots, int versions) {
            this.index = index;
            this.scope = scope;
            this.frames = frames;
            this.decisions = new TrainDecisions[slots][versions];
            this.placed = new int[slots];
            this.open = new CountDownLatch(placed.length);
        }

        /** Whether everything is there and stays where it is. */
        boolean isComplete() {
            return open.getCount() == 0
                    && failure.get() == null
                    && Arrays.stream(placed).noneMatch(item -> item == ClipLoader.LEFT_OUT);
        }
    }

    private final ClipLoader loader;
    private final int epoch;
    private final int[] items;
    private final int count;
    private final ArrayDeque<Pending> ahead = new ArrayDeque<>();
    private int nextToStart;
    private volatile boolean stopped;

    LoaderEpoch(ClipLoader loader, int epoch, int[] items, int firstBatch, int count) {
        this.loader = loader;
        this.epoch = epoch;
        this.items = items;
        this.count = count;
        this.nextToStart = firstBatch;
        startAhead();
    }

    /** Batches in the whole epoch, those before the first one included. */
    public int batches() {
        return count;
    }

    /**
     * The next batch, to be closed by the caller; empty at the end.
     *
     * @throws org.s2d.tensor.UserException when a clip cannot be read; the message has its name
     * @throws CancellationException when this thread is interrupted while it waits
     */
    public Optional<Batch> next() {
        while (true) {
            startAhead();
            Pending pending = ahead.peek();
            if (pending == null) {
                return Optional.empty();
            }
            awaitFilled(pending);
            Throwable failure = pending.failure.get();
            if (failure != null) {
                close();
                throw rethrow(failure);
            }
            ahead.remove();
            startAhead();
            Optional<Batch> batch = finish(pending);
            if (batch.isPresent()) {
                return batch;
            }
        }
    }

    /** The frames of at most {@code most} next batches, as far as they are complete, without taking these. */
    public List<Tensor> ready(int most) {
        return ahead.stream()
                .limit(most)
                .takeWhile(Pending::isComplete)
                .map(pending -> pending.frames)
                .toList();
    }

    private void startAhead() {
        while (!stopped
                && nextToStart < count
                && ahead.size() <= loader.options().prefetch()) {
            ahead.add(start(nextToStart++));
        }
    }

    private Pending start(int index) {
        int from = index * loader.options().batchSize();
        int size = Math.min(loader.options().batchSize(), items.length - from);
        ClipSpec spec = loader.dataset().spec();
        Scope scope = new Scope(loader.allocator());
        int rows = size * loader.options().versions();
        int side = loader.dataset().side();
        Tensor frames = scope.allocate(DType.U8, Shape.of(rows, spec.frames(), side, side, 3));
        Pending pending =
                new Pending(index, scope, frames, size, loader.options().versions());
        MemorySegment data = frames.data();
        long bytes = data.byteSize() / size;
        for (int i = 0; i < size; i++) {
            int slot = i;
            MemorySegment part = data.asSlice(i * bytes, bytes);
            loader.submit(() -> fill(pending, slot, from + slot, part));
        }
        return pending;
    }

    private void fill(Pending pending, int slot, int place, MemorySegment part) {
        try {
            if (!stopped && pending.failure.get() == null) {
                pending.placed[slot] = loader.fill(epoch, place, items[place], part, pending.decisions[slot]);
            }
        } catch (RuntimeException | Error e) {
            pending.failure.compareAndSet(null, e);
        } finally {
            pending.open.countDown();
        }
    }

    private static void awaitFilled(Pending pending) {
        try {
            pending.open.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            CancellationException cancelled = new CancellationException("interrupted while waiting for clips");
            cancelled.initCause(e);
            throw cancelled;
        }
    }

    private static RuntimeException rethrow(Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        return (RuntimeException) failure;
    }

    /** Moves the rows that are there together and adds the labels; empty when no clip of the batch could be read. */
    private Optional<Batch> finish(Pending pending) {
        int versions = loader.options().versions();
        int kept = 0;
        for (int slot = 0; slot < pending.placed.length; slot++) {
            if (pending.placed[slot] != ClipLoader.LEFT_OUT) {
                if (kept < slot) {
                    MemorySegment rows =
                            pending.frames.narrow(0, slot * versions, versions).data();
                    pending.frames.narrow(0, kept * versions, versions).data().copyFrom(rows);
                    pending.decisions[kept] = pending.decisions[slot];
                }
                pending.placed[kept++] = pending.placed[slot];
            }
        }
        if (kept == 0) {
            pending.scope.close();
            return Optional.empty();
        }
        int[] rowItems = new int[kept * versions];
        Arrays.setAll(rowItems, row -> pending.placed[row / versions]);
        Tensor labels = pending.scope.allocate(DType.I64, Shape.of(rowItems.length));
        labels.set(Arrays.stream(rowItems)
                .mapToLong(item -> loader.dataset().sample(item).label())
                .toArray());
        Tensor frames = pending.frames.narrow(0, 0, rowItems.length);
        List<TrainDecisions> decisions = Arrays.stream(pending.decisions, 0, kept)
                .flatMap(Arrays::stream)
                .toList();
        return Optional.of(new Batch(pending.scope, pending.index, frames, decisions, labels, rowItems));
    }

    /** Stops loading: what is being decoded is finished, nothing else is begun. */
    @Override
    public void close() {
        stopped = true;
        boolean interrupted = false;
        while (!ahead.isEmpty()) {
            try {
                ahead.getFirst().open.await();
                ahead.removeFirst().scope.close();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

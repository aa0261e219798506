package org.s2d.data;

import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.s2d.data.augment.TrainDecisions;
import org.s2d.data.random.RandomStream;
import org.s2d.tensor.Allocator;
import org.s2d.tensor.UserException;

/**
 * Loads batches ahead with worker threads. What a batch holds is a function of (seed, epoch, place in the epoch): neither
 * the number of workers nor their timing matters, and an epoch can be entered at any batch. Batches come from the given
 * allocator; with a {@link org.s2d.tensor.HostPool} the same few buffers serve the whole run. Methods are for one thread.
 */
public final class ClipLoader implements AutoCloseable {
    /**
     * How to load.
     *
     * @param batchSize items of a batch
     * @param versions rows of a batch per item: repeated augmentation
     * @param workers threads
     * @param prefetch batches being made while one is used
     * @param dropLast whether an incomplete last batch is left out
     * @param skipBadClips whether clips that cannot be read are passed over: in training another random clip takes the
     *     place, else the batch gets smaller
     * @param replaceBad whether to replace (training) or to leave out (evaluation) a skipped clip
     */
    public record Options(
            int batchSize,
            int versions,
            int workers,
            int prefetch,
            boolean dropLast,
            boolean skipBadClips,
            boolean replaceBad,
            long seed) {
        public Options {
            if (batchSize < 1 || versions < 1 || workers < 1 || prefetch < 0) {
                throw new UserException("loader: batch size " + batchSize + ", versions " + versions + ", workers "
                        + workers + ", prefetch " + prefetch
                        + "; batch size, versions and workers must be at least 1.");
            }
        }

        /** Complete batches only, bad clips replaced if they are skipped. */
        public static Options training(int batchSize, int workers, boolean skipBadClips, long seed) {
            return new Options(batchSize, 1, workers, 2, true, skipBadClips, true, seed);
        }

        /** Every item so many times in a row, each time changed in another way. */
        public Options withVersions(int count) {
            return new Options(batchSize, count, workers, prefetch, dropLast, skipBadClips, replaceBad, seed);
        }

        /** All items, bad clips left out if they are skipped. */
        public static Options evaluation(int batchSize, int workers, boolean skipBadClips) {
            return new Options(batchSize, 1, workers, 2, false, skipBadClips, false, 0);
        }
    }

    /** So many clips in a row that cannot be read are no accident. */
    private static final int MAX_REPLACEMENTS = 100;

    static final int LEFT_OUT = -1;

    private final ClipDataset dataset;
    private final EpochOrder order;
    private final Options options;
    private final Allocator allocator;
    private final ExecutorService workers;
    private final List<Thread> threads = new CopyOnWriteArrayList<>();
    private final Map<String, String> badClips = new ConcurrentHashMap<>();
    private @Nullable LoaderEpoch current;

    public ClipLoader(ClipDataset dataset, EpochOrder order, Options options, Allocator allocator) {
        this.dataset = dataset;
        this.order = order;
        this.options = options;
        this.allocator = allocator;
        this.workers = Executors.newFixedThreadPool(options.workers(), this::thread);
    }

    private Thread thread(Runnable task) {
        Thread thread = new Thread(task, "clip-loader-" + threads.size());
        thread.setDaemon(true);
        threads.add(thread);
        return thread;
    }

    public ClipDataset dataset() {
        return dataset;
    }

    /** Batches in an epoch. */
    public int batchesPerEpoch() {
        return batchCount(order.of(0).length);
    }

    private int batchCount(int items) {
        return options.dropLast() ? items / options.batchSize() : Math.ceilDiv(items, options.batchSize());
    }

    /** Starts loading an epoch at a batch; an epoch before it is closed. */
    public LoaderEpoch epoch(int epoch, int firstBatch) {
        closeEpoch();
        int[] items = order.of(epoch);
        int count = batchCount(items.length);
        if (count == 0) {
            throw new UserException(dataset.list().source() + ": " + items.length + " clips are less than one batch of "
                    + options.batchSize() + ". Choose a smaller batch.");
        }
        current = new LoaderEpoch(this, epoch, items, firstBatch, count);
        return current;
    }

    private void closeEpoch() {
        if (current != null) {
            current.close();
        }
    }

    Options options() {
        return options;
    }

    Allocator allocator() {
        return allocator;
    }

    void submit(Runnable task) {
        workers.execute(task);
    }

    /**
     * All random numbers of the clip at a place of an epoch.
     *
     * @param attempt how many clips that could not be read it stands in for
     */
    public static RandomStream draws(long seed, int epoch, int place, int attempt) {
        return RandomStream.of(seed, Purpose.ITEM, epoch, place, attempt);
    }

    /**
     * Loads all versions of one item into their slot of a batch. Returns the item that is there now, or {@link #LEFT_OUT}.
     *
     * @param place place in the epoch; with the epoch it decides all random numbers
     * @param slot for the frames
     * @param decisions for what is still to be done with each version
     */
    int fill(int epoch, int place, int item, MemorySegment slot, TrainDecisions[] decisions) {
        int chosen = item;
        for (int attempt = 0; ; attempt++) {
            try {
                RandomStream stream = draws(options.seed(), epoch, place, attempt);
                List<FrameClip> clips = dataset.load(chosen, stream, decisions.length);
                long bytes = slot.byteSize() / decisions.length;
                for (int i = 0; i < decisions.length; i++) {
                    clips.get(i).copyTo(slot.asSlice(i * bytes, bytes));
                    decisions[i] = clips.get(i).decisions();
                }
                return chosen;
            } catch (UserException e) {
                String id = dataset.sample(chosen).id();
                if (!options.skipBadClips()) {
                    throw new UserException("clip '" + id + "': " + e.getMessage(), e);
                }
                badClips.put(id, String.valueOf(e.getMessage()));
                if (!options.replaceBad()) {
                    return LEFT_OUT;
                }
                if (attempt == MAX_REPLACEMENTS) {
                    throw new UserException(
                            "clip '" + id + "': " + e.getMessage() + " (and " + attempt + " others before it)", e);
                }
                chosen = RandomStream.of(options.seed(), Purpose.REPLACEMENT, epoch, place, attempt)
                        .nextInt(dataset.size());
            } catch (RuntimeException e) {
                throw new IllegalStateException(
                        "clip '" + dataset.sample(chosen).id() + "': " + e, e);
            }
        }
    }

    /** Clips that were skipped so far, with the reason. */
    public SortedMap<String, String> badClips() {
        return Collections.unmodifiableSortedMap(new TreeMap<>(badClips));
    }

    /** Stops the workers and waits until they are gone. */
    @Override
    public void close() {
        closeEpoch();
        workers.shutdownNow();
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

package org.s2d.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.data.ClipLoader.Options;
import org.s2d.data.augment.Augmentation;
import org.s2d.data.random.RandomStream;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.step.PlannedClips;

class ClipLoaderTest {
    private static final ClipSpec SPEC = ClipSpec.of(3, 8);

    @TempDir
    private Path folder;

    private HostPool pool = new HostPool();

    @BeforeEach
    void freshPool() {
        pool = new HostPool(HostPool.Fill.POISON);
    }

    /** Fails when a batch was not given back. */
    @AfterEach
    void closePool() {
        pool.close();
        assertThat(Thread.getAllStackTraces().keySet())
                .as("threads left")
                .noneMatch(thread -> thread.getName().startsWith("clip-loader"));
    }

    /** A batch; {@code clips} as the model takes them. */
    @SuppressWarnings("ArrayRecordComponent") // compared recursively
    private record Seen(int index, int[] items, float[] clips, double[] labels) {}

    private static List<Seen> take(ClipLoader loader, int epoch, int firstBatch) {
        List<Seen> seen = new ArrayList<>();
        try (LoaderEpoch batches = loader.epoch(epoch, firstBatch)) {
            for (Optional<Batch> next = batches.next(); next.isPresent(); next = batches.next()) {
                try (Batch batch = next.get()) {
                    seen.add(new Seen(
                            batch.index(),
                            batch.items(),
                            MadeClips.of(PlannedClips.of(batch.frames(), batch.decisions(), SPEC.size(), SPEC.size())),
                            batch.labels().toDoubles()));
                }
            }
        }
        return seen;
    }

    private ClipLoader training(ClipList list, int workers, boolean skipBad) {
        return new ClipLoader(
                ClipDataset.train(list, SPEC, Augmentation.release()),
                EpochOrder.shuffled(list.size(), 9),
                Options.training(4, workers, skipBad, 9),
                pool);
    }

    private ClipLoader evaluation(ClipList list, boolean skipBad) {
        return new ClipLoader(
                ClipDataset.validation(list, SPEC),
                EpochOrder.sequential(list.size()),
                Options.evaluation(2, 2, skipBad),
                pool);
    }

    @Test
    void batchesDoNotDependOnTheNumberOfWorkers() throws IOException {
        ClipList list = Pictures.clips(folder, 13, 5, 10, 9);
        try (ClipLoader one = training(list, 1, false);
                ClipLoader many = training(list, 5, false)) {
            List<Seen> expected = take(one, 3, 0);
            assertThat(expected).hasSize(3);
            assertThat(take(many, 3, 0)).usingRecursiveComparison().isEqualTo(expected);
            assertThat(take(many, 4, 0).getFirst().items())
                    .isNotEqualTo(expected.getFirst().items());
        }
    }

    @Test
    void anEpochResumesAtAnyBatch() throws IOException {
        ClipList list = Pictures.clips(folder, 13, 5, 10, 9);
        try (ClipLoader loader = training(list, 2, false)) {
            List<Seen> whole = take(loader, 1, 0);
            assertThat(take(loader, 1, 2)).usingRecursiveComparison().isEqualTo(whole.subList(2, 3));
        }
    }

    @Test
    void evaluationSeesEveryClipOnceInOrder() throws IOException {
        ClipList list = Pictures.clips(folder, 5, 3, 10, 9);
        try (ClipLoader loader = evaluation(list, false)) {
            List<Seen> batches = take(loader, 0, 0);
            assertThat(batches.stream().map(Seen::items))
                    .containsExactly(new int[] {0, 1}, new int[] {2, 3}, new int[] {4});
            assertThat(batches.get(1).labels()).containsExactly(2, 0);
            float[] alone = MadeClips.of(loader.dataset().load(4, RandomStream.of(0)), SPEC.size());
            assertThat(batches.get(2).clips()).isEqualTo(alone);
        }
    }

    @Test
    void completeBatchesAreSeenBeforeTheyAreTaken() throws IOException {
        ClipList list = Pictures.clips(folder, 13, 5, 10, 9);
        try (ClipLoader loader = training(list, 2, false);
                LoaderEpoch batches = loader.epoch(0, 0)) {
            List<Tensor> seen = batches.ready(2);
            for (long end = System.nanoTime() + 60_000_000_000L; seen.size() < 2 && System.nanoTime() - end < 0; ) {
                Thread.onSpinWait();
                seen = batches.ready(2);
            }
            assertThat(seen).hasSize(2);
            for (int i = 0; i < 2; i++) {
                try (Batch batch = batches.next().orElseThrow()) {
                    assertThat(batch.index()).isEqualTo(i);
                    assertThat(batch.frames().storage()).isSameAs(seen.get(i).storage());
                }
            }
            batches.next().orElseThrow().close();
            assertThat(batches.ready(2)).as("at the end").isEmpty();
        }
    }

    @Test
    void buffersAreReused() throws IOException {
        ClipList list = Pictures.clips(folder, 12, 3, 10, 9);
        try (ClipLoader loader = training(list, 2, false)) {
            take(loader, 0, 0);
            long allocations = pool.systemAllocations();
            for (int epoch = 1; epoch < 5; epoch++) {
                take(loader, epoch, 0);
            }
            assertThat(pool.systemAllocations()).isEqualTo(allocations);
        }
    }

    @Test
    void anUnreadableClipStopsWithItsName() throws IOException {
        ClipList list = Pictures.clips(folder, 5, 3, 10, 9);
        Files.write(folder.resolve("c2/001.png"), new byte[0]);
        try (ClipLoader loader = evaluation(list, false)) {
            assertThatThrownBy(() -> take(loader, 0, 0))
                    .isInstanceOf(UserException.class)
                    .hasMessage("clip 'c2': " + folder.resolve("c2/001.png")
                            + ": file is empty, expected an image. Copy it again.");
        }
    }

    @Test
    void skippedClipsAreLeftOutOfAnEvaluationAndCounted() throws IOException {
        ClipList list = Pictures.clips(folder, 5, 3, 10, 9);
        Files.write(folder.resolve("c0/001.png"), new byte[0]);
        Files.writeString(folder.resolve("c2/002.png"), "text");
        Files.writeString(folder.resolve("c3/002.png"), "text");
        try (ClipLoader loader = evaluation(list, true)) {
            List<Seen> batches = take(loader, 0, 0);
            assertThat(batches.stream().map(Seen::items)).containsExactly(new int[] {1}, new int[] {4});
            assertThat(batches.getFirst().labels()).containsExactly(1);
            assertThat(batches.getFirst().clips()).hasSize(3 * 3 * 8 * 8).doesNotContain(Float.NaN);
            assertThat(loader.badClips()).containsOnlyKeys("c0", "c2", "c3");
        }
    }

    @Test
    void skippedClipsAreReplacedInTraining() throws IOException {
        ClipList list = Pictures.clips(folder, 8, 3, 10, 9);
        Files.write(folder.resolve("c1/001.png"), new byte[0]);
        try (ClipLoader first = training(list, 1, true);
                ClipLoader second = training(list, 3, true)) {
            List<Seen> batches = take(first, 0, 0);
            assertThat(batches)
                    .hasSize(2)
                    .allSatisfy(batch -> assertThat(batch.items()).hasSize(4).doesNotContain(1));
            assertThat(take(second, 0, 0)).usingRecursiveComparison().isEqualTo(batches);
            assertThat(first.badClips()).containsOnlyKeys("c1");
        }
    }

    @Test
    void aListWithoutReadableClipsEndsWithAnError() throws IOException {
        ClipList list = Pictures.clips(folder, 4, 1, 10, 9);
        for (int i = 0; i < 4; i++) {
            Files.write(folder.resolve("c" + i + "/000.png"), new byte[0]);
        }
        try (ClipLoader loader = training(list, 2, true)) {
            assertThatThrownBy(() -> take(loader, 0, 0))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("others before it");
        }
    }

    @Test
    void closingEarlyGivesEverythingBack() throws IOException {
        ClipList list = Pictures.clips(folder, 13, 5, 10, 9);
        ClipLoader loader = training(list, 2, false);
        LoaderEpoch batches = loader.epoch(0, 0);
        batches.next().orElseThrow().close();
        loader.close(); // the epoch is still open
        assertThat(pool.liveBlocks()).isZero();
    }

    @Test
    void interruptionEndsTheWait() throws IOException {
        ClipList list = Pictures.clips(folder, 13, 5, 10, 9);
        try (ClipLoader loader = training(list, 1, false);
                LoaderEpoch batches = loader.epoch(0, 0)) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(batches::next).isInstanceOf(CancellationException.class);
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void tooLargeABatchIsAnError() throws IOException {
        ClipList list = Pictures.clips(folder, 3, 1, 10, 9);
        try (ClipLoader loader = training(list, 1, false)) {
            assertThatThrownBy(() -> loader.epoch(0, 0))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("3 clips are less than one batch of 4");
        }
    }

    @Test
    void repeatedAugmentationShowsTheSameFramesInVersionsThatDiffer() throws IOException {
        ClipList list = Pictures.clips(folder, 4, 5, 10, 9);
        Options options = Options.training(2, 3, false, 9);
        try (ClipLoader once = repeated(list, options);
                ClipLoader twice = repeated(list, options.withVersions(2))) {
            Seen single = take(once, 0, 0).getFirst();
            Seen doubled = take(twice, 0, 0).getFirst();
            int[] items = single.items();
            assertThat(doubled.items()).containsExactly(items[0], items[0], items[1], items[1]);
            assertThat(doubled.labels()).hasSize(4);
            int clip = single.clips().length / 2;
            for (int i = 0; i < 2; i++) {
                float[] first = Arrays.copyOfRange(doubled.clips(), 2 * i * clip, (2 * i + 1) * clip);
                float[] second = Arrays.copyOfRange(doubled.clips(), (2 * i + 1) * clip, (2 * i + 2) * clip);
                assertThat(first).isEqualTo(Arrays.copyOfRange(single.clips(), i * clip, (i + 1) * clip));
                assertThat(second).isNotEqualTo(first);
            }
        }
    }

    private ClipLoader repeated(ClipList list, Options options) {
        return new ClipLoader(
                ClipDataset.train(list, SPEC, Augmentation.release()),
                EpochOrder.shuffled(list.size(), 9),
                options,
                pool);
    }
}

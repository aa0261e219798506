package org.s2d.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.s2d.data.AnnotationReader;
import org.s2d.data.Batch;
import org.s2d.data.ClipDataset;
import org.s2d.data.ClipList;
import org.s2d.data.ClipLoader;
import org.s2d.data.ClipSpec;
import org.s2d.data.DatasetFormat;
import org.s2d.data.EpochOrder;
import org.s2d.data.ListOptions;
import org.s2d.data.LoaderEpoch;
import org.s2d.data.augment.Augmentation;
import org.s2d.data.augment.ErasePatch;
import org.s2d.data.augment.TrainDecisions;
import org.s2d.data.synthetic.SyntheticFaces;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.tensor.HostPool;
import org.s2d.train.step.PlannedClips;

/**
 * An epoch of clips decoded and augmented as the fine-tuning recipe does, with two workers: by our loader, and by tools/loader_peer.py with the
 * same files and the same random decisions. 256-pixel JPEG frames are resized to 224, or to 112, which the small model takes.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 4)
@Measurement(iterations = 3, time = 4)
@Fork(1)
public class LoaderBenchmark {
    private static final int WORKERS = 2;
    private static final int FRAMES = 16;
    private static final int FILE_SIZE = 256;
    private static final long SEED = 1;
    private static final Augmentation RECIPE = Augmentation.release();

    @Param({"s2d", "pillow", "opencv"})
    public String by = "s2d";

    /** Or 112, where OpenCV, which does not smooth what it makes smaller, is too far from Pillow to pass. */
    @Param("224")
    public int size = 224;

    private HostPool pool;
    private CpuDevice device;
    private ClipLoader loader;
    private Optional<LoaderPeer> peer = Optional.empty();

    @Setup(Level.Trial)
    public void create(Work work) throws IOException {
        pool = new HostPool();
        device = new CpuDevice(pool, 1);
        Path folder = Path.of("target", "bench", "faces");
        if (!Files.exists(folder.resolve("train.csv"))) {
            SyntheticFaces.write(
                    folder, new SyntheticFaces.Options(SEED, 4, 1, 1, FRAMES, FILE_SIZE, 1), (done, all) -> {});
        }
        ClipList list =
                AnnotationReader.read(DatasetFormat.CSV, folder.resolve("train.csv"), folder, ListOptions.defaults());
        loader = new ClipLoader(
                ClipDataset.train(list, ClipSpec.of(FRAMES, size), RECIPE),
                EpochOrder.sequential(list.size()),
                ClipLoader.Options.training(1, WORKERS, false, SEED),
                pool);
        List<TrainDecisions> decisions = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            // The frames of a clip of this length need no draws.
            decisions.add(RECIPE.draw(ClipLoader.draws(SEED, 0, i, 0), FRAMES, size, size));
        }
        work.items((long) list.size() * FRAMES);
        LoaderPlan plan = new LoaderPlan(list, decisions, size);
        Path file = folder.resolve("plan.json");
        plan.write(file);
        plan.check(moments(decisions), "s2d");
        if (!by.equals("s2d")) {
            LoaderPeer python = new LoaderPeer(file, by, WORKERS);
            plan.check(python.moments(), by);
            peer = Optional.of(python);
        }
    }

    /** Mean and mean square of each clip outside its erased box. */
    private double[][] moments(List<TrainDecisions> decisions) {
        double[][] moments = new double[decisions.size()][];
        try (LoaderEpoch epoch = loader.epoch(0, 0)) {
            for (int i = 0; i < moments.length; i++) {
                try (Batch batch = epoch.next().orElseThrow();
                        org.s2d.tensor.Scope host = new org.s2d.tensor.Scope(pool)) {
                    float[] clips = planned(batch).madeBy(device, host).toFloats();
                    moments[i] = moments(clips, decisions.get(i).erase());
                }
            }
        }
        return moments;
    }

    private PlannedClips planned(Batch batch) {
        return PlannedClips.of(batch.frames(), batch.decisions(), size, size);
    }

    private double[] moments(float[] values, Optional<ErasePatch> erased) {
        double sum = 0;
        double squares = 0;
        long count = 0;
        for (int i = 0; i < values.length; i++) {
            int x = i % size;
            int y = i / size % size;
            boolean kept = erased.map(box -> y < box.top()
                            || y >= box.top() + box.height()
                            || x < box.left()
                            || x >= box.left() + box.width())
                    .orElse(true);
            if (kept) {
                sum += values[i];
                squares += (double) values[i] * values[i];
                count++;
            }
        }
        return new double[] {sum / count, squares / count};
    }

    @TearDown(Level.Trial)
    public void close() {
        loader.close();
        peer.ifPresent(LoaderPeer::close);
        device.close();
    }

    @Benchmark
    public double loader(Meter meter, Work work) throws IOException {
        if (peer.isPresent()) {
            work.elsewhere += peer.get().run();
            work.residentElsewhere = OptionalDouble.of(Double.NaN); // of several processes, with shared pages
            return work.elsewhere;
        }
        double last = 0;
        try (LoaderEpoch epoch = loader.epoch(0, 0)) {
            for (Optional<Batch> next = epoch.next(); next.isPresent(); next = epoch.next()) {
                // What a training step makes of a batch before all else, by one more thread.
                try (Batch batch = next.get();
                        org.s2d.tensor.Scope host = new org.s2d.tensor.Scope(pool)) {
                    last = planned(batch).madeOn(device, host, host).getDouble(0);
                }
            }
        }
        return last;
    }
}

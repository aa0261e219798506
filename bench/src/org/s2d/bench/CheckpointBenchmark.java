package org.s2d.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
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
import org.s2d.check.steps.Formula;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Tensor;
import org.s2d.weights.AtomicFile;
import org.s2d.weights.Checkpoint;
import org.s2d.weights.CheckpointWriter;
import org.s2d.weights.SafetensorsWriter;

/** The base model's 380 MB read from files that are in the disk cache, into memory of our own; and written. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 1, time = 3)
@Measurement(iterations = 3, time = 3)
@Fork(1)
public class CheckpointBenchmark {
    @Param({"pth", "safetensors"})
    public String format = "pth";

    private HostPool pool;
    private org.s2d.tensor.Scope scope;
    private Map<String, Tensor> weights;
    private Path file;
    private Path copy;

    @Setup(Level.Trial)
    public void create(Work work) throws IOException {
        pool = new HostPool();
        scope = new org.s2d.tensor.Scope(pool);
        weights = ModelFiles.weights(ModelFiles.shapes(), scope);
        file = format.equals("pth") ? ModelFiles.basePth() : ModelFiles.baseSafetensors();
        copy = file.resolveSibling("copy." + format);
        weights.values().forEach(tensor -> tensor.set(new float[(int) tensor.numel()]));
        load();
        check(file);
        save();
        weights.values().forEach(tensor -> tensor.set(new float[(int) tensor.numel()]));
        try (Checkpoint saved = Checkpoint.open(copy)) {
            weights.forEach(saved::loadInto);
        }
        check(copy);
        // A copy, the ceiling, reads and writes each byte.
        work.bytes(2.0 * Files.size(file), Ceiling.copy(1));
    }

    private void check(Path read) {
        weights.forEach((name, tensor) -> {
            if (!Arrays.equals(tensor.toFloats(), Formula.values(name, tensor.shape()))) {
                throw new IllegalStateException(read + ": " + name + " is wrong");
            }
        });
    }

    @TearDown(Level.Trial)
    public void close() throws IOException {
        scope.close();
        pool.close();
        Files.deleteIfExists(copy);
    }

    @Benchmark
    public Map<String, Tensor> load(Meter meter) {
        return load();
    }

    private Map<String, Tensor> load() {
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            weights.forEach(checkpoint::loadInto);
        }
        return weights;
    }

    @Benchmark
    public Path save(Meter meter) {
        return save();
    }

    private Path save() {
        if (format.equals("pth")) {
            CheckpointWriter.write(copy, weights, Map.of(), AtomicFile.Previous.DISCARD);
        } else {
            SafetensorsWriter.write(copy, weights, Map.of());
        }
        return copy;
    }
}

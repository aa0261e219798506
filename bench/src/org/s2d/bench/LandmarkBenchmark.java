package org.s2d.bench;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
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
import org.s2d.cli.Main;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.model.landmark.LandmarkModel;
import org.s2d.model.landmark.LandmarkNetwork;
import org.s2d.model.landmark.LandmarkNetwork.Outputs;
import org.s2d.model.landmark.RandomWeights;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** The landmark network that has a reference case, over the 16 frames of a clip. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 2)
@Fork(1)
public class LandmarkBenchmark {
    private static final String CASE = "weights/reference/mobilenet_gdconv_landmark";
    private static final int FRAMES = 16;

    @Param("0")
    public int threads;

    private Device device;
    private org.s2d.tensor.Scope scope;
    private LandmarkNetwork network;
    private Tensor images;

    @Setup(Level.Trial)
    public void create(Work work) {
        PrintWriter console = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        if (Main.run(console, console, "verify", CASE, "--device", "cpu") != 0) {
            throw new IllegalStateException("the landmark network does not compute what " + CASE + " says");
        }
        device = new CpuDevice(new HostPool(), BaseModel.threads(threads));
        scope = new org.s2d.tensor.Scope(device.allocator());
        network = LandmarkModel.MOBILENET_GDCONV.build(device, new RandomWeights(1));
        int side = LandmarkModel.MOBILENET_GDCONV.inputSize();
        images = scope.allocate(DType.F32, Shape.of(FRAMES, 3, side, side));
        device.upload(images, Formula.values("x", images.shape()));
        work.items(FRAMES);
    }

    @TearDown(Level.Trial)
    public void close() {
        network.close();
        scope.close();
        device.close();
    }

    @Benchmark
    public Shape landmarks(Meter meter) {
        try (org.s2d.tensor.Scope results = new org.s2d.tensor.Scope(device.allocator())) {
            return network.forward(images, results, Outputs.FEATURES_AND_LANDMARKS)
                    .features()
                    .shape();
        }
    }
}

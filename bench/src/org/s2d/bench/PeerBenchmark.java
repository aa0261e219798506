package org.s2d.bench;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.global.torch;
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
import org.s2d.autograd.Precision;
import org.s2d.model.s2d.S2dFlops;
import org.s2d.tensor.Shape;

/** The work of {@link S2dBenchmark} by libtorch and ONNX Runtime, on the same weights and clips, with as many threads. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 1, time = 5)
@Measurement(iterations = 3, time = 5)
@Fork(1)
public class PeerBenchmark {
    /** libtorch, checked against the same reference as we. */
    @State(Scope.Benchmark)
    public abstract static class Torch {
        @Param({"FP32", "BF16"})
        public Precision precision = Precision.FP32;

        @Param("0")
        public int threads;

        TorchModel model;
        Reference reference;

        void create(boolean training, int clips) throws IOException {
            torch.set_num_threads(BaseModel.threads(threads));
            Map<String, Shape> shapes = new TreeMap<>(ModelFiles.shapes());
            List<String> trains = shapes.keySet().stream()
                    .filter(name -> training && ModelFiles.trains(name))
                    .toList();
            model = new TorchModel(BaseModel.CONFIG, shapes, trains, precision, clips);
            reference = new Reference(precision, "s2d_base.json");
        }

        @TearDown(Level.Trial)
        public void close() {
            model.close();
        }
    }

    /** Inference of one clip. */
    @State(Scope.Benchmark)
    public static class TorchForward extends Torch {
        @Setup(Level.Trial)
        public void check(Work work) throws IOException {
            create(false, 1);
            reference.checkLogits(model.forward());
            work.flops(S2dFlops.of(BaseModel.CONFIG).forward(), Ceiling.product(precision, threads));
        }
    }

    /** Forward and backward of two clips. */
    @State(Scope.Benchmark)
    public static class TorchStep extends Torch {
        @Setup(Level.Trial)
        public void check(Work work) throws IOException {
            create(true, 2);
            reference.checkGradients(model.gradients(reference.label()), model::gradientNorm);
            double flops = 2 * S2dFlops.of(BaseModel.CONFIG).fineTuningStep();
            work.items(2).flops(flops, Ceiling.product(precision, threads));
        }
    }

    @Benchmark
    public float[] forwardLibtorch(TorchForward torch, Meter meter) {
        return torch.model.forward();
    }

    @Benchmark
    public float trainingStepLibtorch(TorchStep torch, Meter meter) {
        return torch.model.gradients(torch.reference.label());
    }

    @Benchmark
    public float[] forwardOnnxRuntime(OnnxModel onnx, Meter meter) throws Exception {
        return onnx.forward();
    }
}

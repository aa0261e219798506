package org.s2d.bench;

import java.io.IOException;
import java.util.concurrent.Callable;
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
import org.s2d.autograd.Precision;

/**
 * Our model and a peer's in one process, call by call in turns, since a shared machine may change its speed by half within a minute. Each iteration
 * is one pair: what is timed is our call; the peer's, before it or after it, is what JMH leaves out, and is timed here.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 1, timeUnit = TimeUnit.MILLISECONDS) // the first passes compile
@Measurement(iterations = 10, time = 1, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class TurnsBenchmark {
    /**
     * Milliseconds between two calls. Threads of both sides spin for a while when their work is done: by the process's time (which counts in tens of
     * milliseconds), ONNX Runtime's, OpenMP's and ours sleep 80 ms later on a machine with thrice as much work as cores, mostly after 20.
     */
    private static final long PAUSE = 100;

    /** A model that has been checked, and one call of it. */
    private record Side(Callable<?> call, AutoCloseable model) {}

    /** Both sides, each loaded and checked as where it is measured alone. */
    @State(Scope.Benchmark)
    public abstract static class Turns {
        /** ONNX Runtime computes in FP32 whatever we do. */
        @Param("FP32")
        public Precision precision = Precision.FP32;

        @Param("0")
        public int threads;

        private final Work peerWork = new Work();
        private Side ours;
        private Side theirs;
        private boolean peerFirst;

        abstract Side ours(Work work) throws Exception;

        abstract Side theirs(Work work) throws Exception;

        @Setup(Level.Trial)
        public void create(Work work) throws Exception {
            ours = ours(work);
            theirs = theirs(peerWork);
            work.peerFlops = peerWork.flops;
        }

        /** Our turn. */
        Object call() throws Exception {
            return ours.call().call();
        }

        @Setup(Level.Invocation)
        public void before(Work work) throws Exception {
            peerFirst = !peerFirst;
            if (peerFirst) {
                peersTurn(work);
            }
            Thread.sleep(PAUSE);
        }

        @TearDown(Level.Invocation)
        public void after(Work work) throws Exception {
            Thread.sleep(PAUSE);
            if (!peerFirst) {
                peersTurn(work);
                Thread.sleep(PAUSE); // the next turn is that of the ceiling
            }
        }

        private void peersTurn(Work work) throws Exception {
            long start = System.nanoTime();
            theirs.call().call();
            work.peerSeconds = (System.nanoTime() - start) / 1e9;
        }

        @TearDown(Level.Trial)
        public void close() throws Exception {
            ours.model().close();
            theirs.model().close();
            peerWork.close();
        }

        <M extends BaseModel> M created(M model) throws IOException {
            model.precision = precision;
            model.threads = threads;
            model.create();
            return model;
        }

        <M extends PeerBenchmark.Torch> M configured(M torch) {
            torch.precision = precision;
            torch.threads = threads;
            return torch;
        }
    }

    /** Inference of one clip. */
    @State(Scope.Benchmark)
    public abstract static class Forward extends Turns {
        @Override
        Side ours(Work work) throws IOException {
            S2dBenchmark.Forward model = created(new S2dBenchmark.Forward());
            model.check(work);
            return new Side(model::forward, model::close);
        }
    }

    @State(Scope.Benchmark)
    public static class TorchForward extends Forward {
        @Override
        Side theirs(Work work) throws IOException {
            PeerBenchmark.TorchForward torch = configured(new PeerBenchmark.TorchForward());
            torch.check(work);
            return new Side(torch.model::forward, torch::close);
        }
    }

    @State(Scope.Benchmark)
    public static class OnnxForward extends Forward {
        @Override
        Side theirs(Work work) throws Exception {
            OnnxModel onnx = new OnnxModel();
            onnx.threads = threads;
            onnx.create(work);
            return new Side(onnx::forward, onnx::close);
        }
    }

    /** Loss and gradients of two clips at once. */
    @State(Scope.Benchmark)
    public static class TorchStep extends Turns {
        @Override
        Side ours(Work work) throws IOException {
            S2dBenchmark.Step model = created(new S2dBenchmark.Step());
            model.check(work);
            return new Side(() -> model.gradients(model.atOnce), model::close);
        }

        @Override
        Side theirs(Work work) throws IOException {
            PeerBenchmark.TorchStep torch = configured(new PeerBenchmark.TorchStep());
            torch.check(work);
            return new Side(() -> torch.model.gradients(torch.reference.label()), torch::close);
        }
    }

    @Benchmark
    public Object forwardBesideLibtorch(TorchForward turns, Meter meter) throws Exception {
        return turns.call();
    }

    @Benchmark
    public Object forwardBesideOnnxRuntime(OnnxForward turns, Meter meter) throws Exception {
        return turns.call();
    }

    @Benchmark
    public Object trainingStepBesideLibtorch(TorchStep turns, Meter meter) throws Exception {
        return turns.call();
    }
}

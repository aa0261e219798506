package org.s2d.bench;

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
import org.s2d.check.kernels.CheckedKernel;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.tensor.HostPool;

/** Every kernel of a training step at the size it has for one clip; {@link Bench} fills in their names. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class KernelBenchmark {
    static final String PARAMETER = "kernel";

    @Param("")
    public String kernel = "";

    @Param("0")
    public int threads;

    private Device device;
    private CheckedKernel checked;

    @Setup(Level.Trial)
    public void create(Work work) {
        device = new CpuDevice(new HostPool(), BaseModel.threads(threads));
        checked = new CheckedKernel(kernel, device);
        if (checked.flops() > 0) {
            Precision precision = checked.isBf16() ? Precision.BF16 : Precision.FP32;
            work.flops(checked.flops(), Ceiling.product(precision, threads));
        } else {
            work.bytes(checked.bytes(), Ceiling.copy(BaseModel.threads(threads)));
        }
    }

    @TearDown(Level.Trial)
    public void close() {
        checked.close();
        device.close();
    }

    @Benchmark
    public void kernel(Meter meter) {
        checked.run();
    }
}

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
import org.s2d.check.steps.Formula;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** The ceiling: the product 3152 x 768 x 3072 of one clip's feed-forward layer, through the device. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class MatmulBenchmark {
    static final int ROWS = 3152;
    static final int INNER = 768;
    static final int COLUMNS = 3072;

    @Param({"FP32", "BF16"})
    public Precision precision = Precision.FP32;

    @Param("0")
    public int threads;

    private HostPool pool;
    private org.s2d.tensor.Scope scope;
    private Device device;
    private Tensor out;
    private Tensor a;
    private Tensor b;

    @Setup(Level.Trial)
    public void create(Work work) {
        create();
        work.flops(flops(), null); // it is the ceiling of others
    }

    /** Checks the product once. */
    void create() {
        pool = new HostPool();
        scope = new org.s2d.tensor.Scope(pool);
        device =
                new CpuDevice(pool, threads > 0 ? threads : Runtime.getRuntime().availableProcessors());
        DType type = precision.computeType(device);
        a = filled("a", type, Shape.of(ROWS, INNER));
        b = filled("b", type, Shape.of(COLUMNS, INNER)).transpose(0, 1);
        out = scope.allocate(type, Shape.of(ROWS, COLUMNS));
        product();
        check();
    }

    private Tensor filled(String name, DType type, Shape shape) {
        Tensor tensor = scope.allocate(type, shape);
        device.upload(tensor, Formula.values(name, shape));
        return tensor;
    }

    /** Some elements against sums in double; rounding of operands is already in them. */
    private void check() {
        double unit = precision == Precision.FP32 ? 0x1p-24 : 0x1p-8;
        for (int i = 0; i < ROWS; i += 311) {
            int j = (i * 7) % COLUMNS;
            double sum = 0;
            double size = 0;
            for (int k = 0; k < INNER; k++) {
                double term = a.getDouble((long) i * INNER + k) * b.getDouble((long) k * COLUMNS + j);
                sum += term;
                size += Math.abs(term);
            }
            double ours = out.getDouble((long) i * COLUMNS + j);
            if (!(Math.abs(ours - sum) <= 32 * unit * size)) {
                throw new IllegalStateException("product is wrong at " + i + ", " + j + ": " + ours + " != " + sum);
            }
        }
    }

    @TearDown(Level.Trial)
    public void close() {
        scope.close();
        device.close();
    }

    /** Multiplications and additions of one product. */
    static double flops() {
        return 2.0 * ROWS * INNER * COLUMNS;
    }

    @Benchmark
    public Tensor product(Meter meter) {
        return product();
    }

    Tensor product() {
        device.products().matmul(out, a, b);
        return out;
    }
}

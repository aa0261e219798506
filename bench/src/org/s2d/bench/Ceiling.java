package org.s2d.bench;

import org.s2d.autograd.Precision;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** What the machine can do at most at this moment: a large product, or a copy that no cache holds. */
interface Ceiling extends AutoCloseable {
    /** Floating-point operations, or bytes read and written, of one {@link #run}. */
    double work();

    void run();

    @Override
    void close();

    /** The product of {@link MatmulBenchmark}. */
    static Ceiling product(Precision precision, int threads) {
        MatmulBenchmark benchmark = new MatmulBenchmark();
        benchmark.precision = precision;
        benchmark.threads = threads;
        benchmark.create();
        return new Ceiling() {
            @Override
            public double work() {
                return MatmulBenchmark.flops();
            }

            @Override
            public void run() {
                benchmark.product();
            }

            @Override
            public void close() {
                benchmark.close();
            }
        };
    }

    /** 64 MiB copied by all threads. */
    static Ceiling copy(int threads) {
        HostPool pool = new HostPool();
        Scope scope = new Scope(pool);
        CpuDevice device = new CpuDevice(pool, threads);
        Tensor from = scope.allocate(DType.F32, Shape.of(1 << 14, 1 << 10));
        Tensor to = scope.allocate(DType.F32, from.shape());
        device.elementwise().fill(from, 1);
        return new Ceiling() {
            @Override
            public double work() {
                return 2.0 * from.numel() * Float.BYTES;
            }

            @Override
            public void run() {
                device.elementwise().copy(to, from);
            }

            @Override
            public void close() {
                scope.close();
                device.close();
            }
        };
    }
}

package org.s2d.device.cuda;

import java.lang.foreign.Arena;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;

/**
 * What the groups of kernels share: a driver, the stream that everything computes on, the pool, the loaded kernels and one
 * argument block.
 */
public final class CudaContext implements AutoCloseable {
    private final Driver driver;
    private final DeviceProperties properties;
    private final long stream;
    private final DevicePool pool;
    private final Kernels kernels;
    private final Arena arena = Arena.ofShared();
    private final Arguments arguments = new Arguments(arena);
    private boolean recording;

    /** Takes the driver over: closing the context closes it. */
    CudaContext(Driver driver, KernelImages images, DevicePool.Reuse reuse) {
        this.driver = driver;
        properties = driver.properties();
        stream = driver.createStream();
        pool = new DevicePool(driver, stream, reuse);
        kernels = new Kernels(driver, images);
    }

    public Driver driver() {
        return driver;
    }

    public DeviceProperties properties() {
        return properties;
    }

    /** The stream on which all kernels run. */
    public long stream() {
        return stream;
    }

    public DevicePool pool() {
        return pool;
    }

    /** A kernel of {@code kernels/FILE.cu}. Groups look theirs up once, when they are made or first used. */
    public Kernel kernel(String file, String name, LaunchContract contract) {
        return kernels.find(file, name, contract);
    }

    /** The argument block, empty. */
    public Arguments arguments() {
        return arguments.clear();
    }

    /** Workspace that is given back when the scope closes; on one stream that is safe at once. */
    public Scope scope() {
        return new Scope(pool, "workspace");
    }

    /** Checks the contract and enqueues the kernel. */
    public void launch(Kernel kernel, Launch launch, Arguments filled) {
        kernel.contract().check(kernel.name(), launch, filled, properties);
        driver.launch(kernel, launch, filled, stream);
    }

    /** Lets the stream record what is enqueued instead of running it. */
    void beginRecording() {
        driver.beginCapture(stream);
        recording = true;
    }

    /** The graph of what was enqueued. */
    long endRecording() {
        recording = false;
        return driver.endCapture(stream);
    }

    boolean isRecording() {
        return recording;
    }

    /** Blocks for {@code count} items, {@code perBlock} each, at most {@code most}: kernels loop over the rest. */
    public static long blocks(long count, long perBlock, long most) {
        return Math.max(1, Math.min(Math.ceilDiv(count, perBlock), most));
    }

    /** How kernels number the element types; {@code kernels/common/types.cuh} has the same. */
    public static int typeCode(DType type) {
        return switch (type) {
            case F32 -> 0;
            case BF16 -> 1;
            case F16 -> 2;
            case F64, I64, U8 -> throw new IllegalArgumentException("kernels do not compute with " + type);
        };
    }

    /** How entry points name an element type. */
    public static String suffix(DType type) {
        return switch (type) {
            case F32 -> "f32";
            case BF16 -> "bf16";
            case F16 -> "f16";
            case F64, I64, U8 -> throw new IllegalArgumentException("kernels do not compute with " + type);
        };
    }

    /** Throws when tensors of the pool are still alive. */
    @Override
    public void close() {
        try (arena;
                driver) {
            driver.synchronize(stream);
            pool.close();
            kernels.close();
            driver.destroyStream(stream);
        }
    }
}

package org.s2d.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Function;
import org.s2d.device.AttentionKernels;
import org.s2d.device.Checks;
import org.s2d.device.Convolutions;
import org.s2d.device.Device;
import org.s2d.device.DeviceException;
import org.s2d.device.Elementwise;
import org.s2d.device.Frames;
import org.s2d.device.Losses;
import org.s2d.device.Normalization;
import org.s2d.device.Optimizers;
import org.s2d.device.Products;
import org.s2d.device.Repeated;
import org.s2d.device.TokenKernels;
import org.s2d.device.cuda.lib.CudaLibraries;
import org.s2d.device.natives.Machine;
import org.s2d.tensor.Allocator;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Storage;
import org.s2d.tensor.Tensor;

/**
 * F32, BF16 and F16 on a GPU, or on the emulator of one. Everything but {@link #uploadAhead} runs on one stream, in the order of the calls;
 * the host waits only in {@link #download} and where a result is a Java number.
 */
public final class CudaDevice implements Device {
    private final String name;
    private final CudaContext context;
    private final Staging staging;
    private final long copyStream;
    private final Staging ahead;
    private final HostPool hostPool = new HostPool();
    private final Storage noSeed;
    private final Elementwise elementwise;
    private final MatrixProducts matrixProducts;
    private final Products products;
    private final Normalization normalization;
    private final AttentionKernels attention;
    private final DenseConv2d denseConv2d;
    private final Convolutions convolutions;
    private final TokenKernels tokens;
    private final Frames frames;
    private final Losses losses;
    private final Optimizers optimizers;

    CudaDevice(Backend backend) {
        Driver driver = backend.driver();
        name = driver.name();
        context = new CudaContext(driver, backend.images(), backend.reuse());
        staging = new Staging(context, context.stream());
        copyStream = driver.createStream();
        ahead = new Staging(context, copyStream);
        noSeed = context.pool().allocate(Long.BYTES);
        driver.fill(noSeed.address(), (byte) 0, Long.BYTES, context.stream());
        elementwise = new CudaElementwise(context, Tensor.contiguous(noSeed, DType.I64, Shape.of(1)));
        matrixProducts = backend.products(context);
        products = new CudaProducts(matrixProducts);
        normalization = new CudaNormalization(context, elementwise);
        attention = new CudaAttentionKernels(context, elementwise);
        denseConv2d = backend.convolutions(context);
        convolutions = new CudaConvolutions(context, elementwise, denseConv2d);
        tokens = new CudaTokenKernels(context);
        frames = new CudaFrames(context);
        losses = new CudaLosses(context, elementwise);
        optimizers = new CudaOptimizers(context, staging);
    }

    /** The emulator for whole models, built if need be: every launch is checked, and nothing is fast. */
    public static CudaDevice emulator() {
        return emulator(EmulatorBuild.ofUser(), EmulatorDriver.Execution.IMMEDIATE, EmulatorDriver.SecondRuns.SAMPLED);
    }

    public static CudaDevice emulator(
            EmulatorBuild build, EmulatorDriver.Execution execution, EmulatorDriver.SecondRuns secondRuns) {
        return new CudaDevice(Backend.of(build, execution, secondRuns));
    }

    /** The first GPU that CUDA_VISIBLE_DEVICES leaves to be seen; throws a {@link DeviceException} that says what is missing. */
    public static CudaDevice open() {
        CudaLibraries libraries = CudaLibraries.find(Machine.ofProcess());
        return open(libraries, driver -> CompiledKernels.of(libraries, driver.properties(), driver.version()));
    }

    /** The same, with kernels that {@code images} finds for it. */
    static CudaDevice open(CudaLibraries libraries, Function<JcudaDriver, KernelImages> images) {
        return new CudaDevice(new GpuBackend(libraries, images));
    }

    public CudaContext context() {
        return context;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DType floatType() {
        return DType.F32;
    }

    @Override
    public Allocator allocator() {
        return context.pool();
    }

    @Override
    public Allocator hostAllocator() {
        return hostPool;
    }

    @Override
    public Elementwise elementwise() {
        return elementwise;
    }

    @Override
    public Products products() {
        return products;
    }

    @Override
    public Normalization normalization() {
        return normalization;
    }

    @Override
    public AttentionKernels attention() {
        return attention;
    }

    @Override
    public Convolutions convolutions() {
        return convolutions;
    }

    @Override
    public TokenKernels tokens() {
        return tokens;
    }

    @Override
    public Frames frames() {
        return frames;
    }

    @Override
    public Losses losses() {
        return losses;
    }

    @Override
    public Optimizers optimizers() {
        return optimizers;
    }

    @Override
    public boolean computesAgain() {
        return false;
    }

    @Override
    public Repeated repeated(Runnable work) {
        return new RepeatedGraph(context, work);
    }

    @Override
    public void upload(Tensor out, Tensor host) {
        Checks.sameShape("upload", out, host);
        requireConvertible("upload", out, host);
        requireHost("upload", host);
        DType type = transferType(out, host);
        if (out.dtype() == type && out.isContiguous()) {
            staging.upload(out.address(), type, host);
            return;
        }
        try (Scope scope = context.scope()) {
            Tensor contiguous = scope.allocate(type, out.shape());
            staging.upload(contiguous.address(), type, host);
            elementwise.copy(out, contiguous);
        }
    }

    @Override
    public boolean uploadsAhead() {
        return true;
    }

    @Override
    public void uploadAhead(Tensor out, Tensor host) {
        Checks.sameShape("uploadAhead", out, host);
        Checks.contiguous("uploadAhead", out, host);
        requireHost("uploadAhead", host);
        if (out.dtype() != host.dtype()) {
            throw new ShapeException("uploadAhead: no conversion between " + out + " and " + host);
        }
        if (out.numel() > 0) {
            ahead.upload(out.address(), out.dtype(), host);
            ahead.precede(context.stream());
        }
    }

    @Override
    public void upload(Tensor out, float... values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
            upload(out, Staging.view(memory, DType.F32, values.length).reshape(out.shape()));
        }
    }

    @Override
    public void download(Tensor host, Tensor in) {
        Checks.sameShape("download", host, in);
        requireConvertible("download", in, host);
        requireHost("download", host);
        DType type = transferType(in, host);
        if (in.dtype() == type && in.isContiguous()) {
            staging.download(host, in.address(), type);
            return;
        }
        try (Scope scope = context.scope()) {
            Tensor contiguous = scope.allocate(type, in.shape());
            elementwise.copy(contiguous, in);
            staging.download(host, contiguous.address(), type);
        }
    }

    /** What crosses the bus: the host's type where the device knows it, so that the device converts. No kernel knows F64. */
    private static DType transferType(Tensor onDevice, Tensor host) {
        boolean onHost = host.dtype() == DType.F64 || onDevice.dtype() == DType.F64;
        return onHost ? onDevice.dtype() : host.dtype();
    }

    private static void requireConvertible(String what, Tensor onDevice, Tensor host) {
        if (!host.dtype().convertsTo(onDevice.dtype())) {
            throw new ShapeException(what + ": no conversion between " + onDevice + " and " + host);
        }
    }

    private static void requireHost(String what, Tensor host) {
        if (!host.storage().isHost()) {
            throw new ShapeException(what + ": " + host + " is not in host memory");
        }
    }

    /** Waits for everything; throws when tensors of this device are still alive. */
    @Override
    public void close() {
        try (context) {
            matrixProducts.close();
            denseConv2d.close();
            ahead.close();
            context.driver().destroyStream(copyStream);
            staging.close();
            noSeed.release();
            hostPool.close();
        }
    }
}

package org.s2d.check.conformance;

import org.s2d.device.AttentionKernels;
import org.s2d.device.Convolutions;
import org.s2d.device.Device;
import org.s2d.device.Elementwise;
import org.s2d.device.Frames;
import org.s2d.device.Losses;
import org.s2d.device.Normalization;
import org.s2d.device.Optimizers;
import org.s2d.device.Products;
import org.s2d.device.Repeated;
import org.s2d.device.TokenKernels;
import org.s2d.device.cuda.CudaDevice;
import org.s2d.device.cuda.DevicePool;
import org.s2d.tensor.Allocator;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/**
 * A device whose tensors lie between guard regions; closing it checks them, and that every storage was released, and leaves
 * the device itself open.
 */
record GuardedDevice(Device device, Allocator allocator, Runnable check) implements Device {
    /** The emulator has guards of its own, so there only leaks are looked for; all others get an allocator with guards. */
    static GuardedDevice of(Device device) {
        if (device instanceof CudaDevice cuda && !device.name().equals("emulator")) {
            GuardedDeviceMemory guarded = new GuardedDeviceMemory(cuda.context());
            return new GuardedDevice(device, guarded, guarded::close);
        }
        if (device instanceof CudaDevice cuda) {
            DevicePool pool = cuda.context().pool();
            int before = pool.liveBlocks();
            return new GuardedDevice(device, pool, () -> {
                if (pool.liveBlocks() != before) {
                    throw new AssertionError((pool.liveBlocks() - before) + " storages never released");
                }
            });
        }
        GuardedAllocator guarded = new GuardedAllocator();
        return new GuardedDevice(device, guarded, guarded::close);
    }

    @Override
    public String name() {
        return device.name();
    }

    @Override
    public DType floatType() {
        return device.floatType();
    }

    @Override
    public Allocator hostAllocator() {
        return device.hostAllocator();
    }

    @Override
    public Elementwise elementwise() {
        return device.elementwise();
    }

    @Override
    public Products products() {
        return device.products();
    }

    @Override
    public Normalization normalization() {
        return device.normalization();
    }

    @Override
    public AttentionKernels attention() {
        return device.attention();
    }

    @Override
    public Convolutions convolutions() {
        return device.convolutions();
    }

    @Override
    public TokenKernels tokens() {
        return device.tokens();
    }

    @Override
    public Frames frames() {
        return device.frames();
    }

    @Override
    public Losses losses() {
        return device.losses();
    }

    @Override
    public Optimizers optimizers() {
        return device.optimizers();
    }

    @Override
    public boolean computesAgain() {
        return device.computesAgain();
    }

    @Override
    public Repeated repeated(Runnable work) {
        return device.repeated(work);
    }

    @Override
    public void upload(Tensor out, Tensor host) {
        device.upload(out, host);
    }

    @Override
    public void upload(Tensor out, float... values) {
        device.upload(out, values);
    }

    @Override
    public void download(Tensor host, Tensor in) {
        device.download(host, in);
    }

    @Override
    public void close() {
        check.run();
    }
}

package org.s2d.device.cpu;

import org.s2d.device.AttentionKernels;
import org.s2d.device.Convolutions;
import org.s2d.device.Device;
import org.s2d.device.Elementwise;
import org.s2d.device.FoveaPromptSteps;
import org.s2d.device.Frames;
import org.s2d.device.Losses;
import org.s2d.device.Normalization;
import org.s2d.device.Optimizers;
import org.s2d.device.Products;
import org.s2d.device.Repeated;
import org.s2d.device.TokenKernels;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Tensor;

/** F64 in plain loops: what every other device is compared with, and where gradients are checked numerically. */
public final class ReferenceDevice implements Device {
    private final HostPool pool;
    private final Elementwise elementwise = new ReferenceElementwise();
    private final Products products = new ReferenceProducts();
    private final Normalization normalization = new ReferenceNormalization(elementwise);
    private final AttentionKernels attention;
    private final Convolutions convolutions = new ReferenceConvolutions();
    private final TokenKernels tokens = new ReferenceTokenKernels();
    private final Losses losses = new ReferenceLosses();
    private final Optimizers optimizers = new ReferenceOptimizers();

    public ReferenceDevice(HostPool pool) {
        this.pool = pool;
        attention = new ReferenceAttentionKernels(new FoveaPromptSteps(pool, elementwise, products));
    }

    @Override
    public String name() {
        return "reference";
    }

    @Override
    public DType floatType() {
        return DType.F64;
    }

    @Override
    public HostPool allocator() {
        return pool;
    }

    @Override
    public HostPool hostAllocator() {
        return pool;
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
        return FramesKernel::reference;
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
        return true;
    }

    @Override
    public Repeated repeated(Runnable work) {
        return Repeated.plain(work);
    }

    @Override
    public void upload(Tensor out, Tensor host) {
        elementwise.copy(out, host);
    }

    @Override
    public void upload(Tensor out, float... values) {
        out.set(values);
    }

    @Override
    public void download(Tensor host, Tensor in) {
        elementwise.copy(host, in);
    }

    /** Closes the pool; throws when tensors of this device are still alive. */
    @Override
    public void close() {
        pool.close();
    }
}

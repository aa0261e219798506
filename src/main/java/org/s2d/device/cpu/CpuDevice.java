package org.s2d.device.cpu;

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
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Tensor;

/** F32 and BF16 on the cores of this machine: oneDNN for matrix products, the Vector API for the rest. */
public final class CpuDevice implements Device {
    private final HostPool pool;
    private final Workers workers;
    private final CpuElementwise elementwise;
    private final CpuProducts products;
    private final OneDnnTeam team;
    private final CpuNormalization normalization;
    private final CpuAttentionKernels attention;
    private final Convolutions convolutions;
    private final TokenKernels tokens;
    private final Frames frames;
    private final Losses losses;
    private final Optimizers optimizers;

    public CpuDevice(HostPool pool, int threads) {
        this.pool = pool;
        workers = new Workers(threads);
        team = new OneDnnTeam(workers);
        elementwise = new CpuElementwise(workers, team);
        products = new CpuProducts(pool, workers, elementwise);
        normalization = new CpuNormalization(workers, elementwise, team);
        attention = new CpuAttentionKernels(pool, workers, team, elementwise, products);
        convolutions = new CpuConvolutions(pool, workers, elementwise);
        tokens = new CpuTokenKernels(workers);
        frames =
                (out, pixels, plans, values, mixed) -> FramesKernel.forward(workers, out, pixels, plans, values, mixed);
        losses = new CpuLosses(workers);
        optimizers = new CpuOptimizers(workers);
    }

    public int threads() {
        return workers.count();
    }

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public DType floatType() {
        return DType.F32;
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

    /** Stops the workers and closes the pool; throws when tensors of this device are still alive. */
    @Override
    public void close() {
        products.close();
        elementwise.close();
        normalization.close();
        attention.close();
        team.close();
        workers.close();
        pool.close();
    }
}

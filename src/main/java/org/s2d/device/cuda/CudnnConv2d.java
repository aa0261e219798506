package org.s2d.device.cuda;

import static jcuda.jcudnn.JCudnn.cudnnConvolutionBackwardData;
import static jcuda.jcudnn.JCudnn.cudnnConvolutionBackwardFilter;
import static jcuda.jcudnn.JCudnn.cudnnConvolutionForward;
import static jcuda.jcudnn.JCudnn.cudnnCreate;
import static jcuda.jcudnn.JCudnn.cudnnDestroy;
import static jcuda.jcudnn.JCudnn.cudnnGetVersion;
import static jcuda.jcudnn.JCudnn.cudnnSetStream;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import jcuda.Pointer;
import jcuda.jcudnn.cudnnHandle;
import jcuda.runtime.cudaStream_t;
import org.s2d.device.Conv2dShape;
import org.s2d.device.DeviceException;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * Convolutions by cuDNN 9, through the part of its older interface that version 9 still has. What describes a convolution is made when its
 * shape comes for the first time, and kept. Workspace comes from the pool. The library must have been loaded before ({@code
 * JCudaNatives.loadCudnn}).
 */
final class CudnnConv2d implements DenseConv2d {
    private static final int MAJOR = 9;
    private static final Pointer ZERO = Pointer.to(new float[] {0});
    private static final Pointer ONE = Pointer.to(new float[] {1});

    private final CudaContext context;
    private final cudnnHandle handle = new cudnnHandle();
    private final Map<Conv2dShape, CudnnPlan> plans = new HashMap<>();

    /** A call of cuDNN's with an algorithm's number and workspace; returns its status. */
    @FunctionalInterface
    private interface Call {
        int with(CudnnPlan plan, int algorithm, Pointer workspace, long bytes);
    }

    /** Throws when the library is of another version; {@code stream} is the context's, as JCuda sees it. */
    CudnnConv2d(CudaContext context, cudaStream_t stream) {
        this.context = context;
        long version = cudnnGetVersion();
        if (version / 10_000 != MAJOR) {
            throw new DeviceException(
                    "cuda: libcudnn.so.9 says that it is of version " + version + ". Install cuDNN 9.");
        }
        CudnnStatus.require(cudnnCreate(handle), "start cuDNN");
        CudnnStatus.require(cudnnSetStream(handle, stream), "give cuDNN a stream");
    }

    private CudnnPlan plan(Conv2dShape shape) {
        return plans.computeIfAbsent(shape, key -> new CudnnPlan(handle, key));
    }

    private boolean run(CudnnPlan plan, Optional<CudnnPlan.Algorithm> algorithm, String what, Call call) {
        if (algorithm.isEmpty()) {
            return false;
        }
        long bytes = algorithm.get().workspaceBytes();
        try (Scope scope = context.scope()) {
            Tensor workspace = scope.allocate(DType.F32, Shape.of(Math.toIntExact(Math.ceilDiv(bytes, Float.BYTES))));
            DeviceAddress address = new DeviceAddress(workspace.address());
            return CudnnStatus.supported(call.with(plan, algorithm.get().number(), address, bytes), what);
        }
    }

    @Override
    public boolean forward(Tensor out, Tensor in, Tensor weight, Conv2dShape shape) {
        CudnnPlan chosen = plan(shape);
        return run(
                chosen,
                chosen.forward,
                "conv2d",
                (plan, algorithm, workspace, bytes) -> cudnnConvolutionForward(
                        handle,
                        ONE,
                        plan.in,
                        at(in),
                        plan.weight,
                        at(weight),
                        plan.convolution,
                        algorithm,
                        workspace,
                        bytes,
                        ZERO,
                        plan.out,
                        at(out)));
    }

    @Override
    public boolean backwardInput(Tensor gradIn, Tensor gradOut, Tensor weight, Conv2dShape shape) {
        CudnnPlan chosen = plan(shape);
        return run(
                chosen,
                chosen.backwardInput,
                "conv2dBackwardInput",
                (plan, algorithm, workspace, bytes) -> cudnnConvolutionBackwardData(
                        handle,
                        ONE,
                        plan.weight,
                        at(weight),
                        plan.out,
                        at(gradOut),
                        plan.convolution,
                        algorithm,
                        workspace,
                        bytes,
                        ZERO,
                        plan.in,
                        at(gradIn)));
    }

    @Override
    public boolean backwardWeight(Tensor gradWeight, Tensor gradOut, Tensor in, Conv2dShape shape) {
        CudnnPlan chosen = plan(shape);
        return run(
                chosen,
                chosen.backwardWeight,
                "conv2dBackwardWeight",
                (plan, algorithm, workspace, bytes) -> cudnnConvolutionBackwardFilter(
                        handle,
                        ONE,
                        plan.in,
                        at(in),
                        plan.out,
                        at(gradOut),
                        plan.convolution,
                        algorithm,
                        workspace,
                        bytes,
                        ZERO,
                        plan.weight,
                        at(gradWeight)));
    }

    private static DeviceAddress at(Tensor tensor) {
        return new DeviceAddress(tensor.address());
    }

    @Override
    public void close() {
        plans.values().forEach(CudnnPlan::close);
        CudnnStatus.require(cudnnDestroy(handle), "stop cuDNN");
    }
}

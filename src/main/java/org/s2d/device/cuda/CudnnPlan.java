package org.s2d.device.cuda;

import static jcuda.jcudnn.JCudnn.cudnnCreateConvolutionDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnCreateFilterDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnCreateTensorDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnDestroyConvolutionDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnDestroyFilterDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnDestroyTensorDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnGetConvolutionBackwardDataAlgorithm_v7;
import static jcuda.jcudnn.JCudnn.cudnnGetConvolutionBackwardFilterAlgorithm_v7;
import static jcuda.jcudnn.JCudnn.cudnnGetConvolutionForwardAlgorithm_v7;
import static jcuda.jcudnn.JCudnn.cudnnSetConvolution2dDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnSetConvolutionGroupCount;
import static jcuda.jcudnn.JCudnn.cudnnSetConvolutionMathType;
import static jcuda.jcudnn.JCudnn.cudnnSetFilter4dDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnSetTensor4dDescriptor;

import java.util.Arrays;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import jcuda.jcudnn.cudnnConvolutionBwdDataAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionBwdFilterAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnConvolutionFwdAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionMode;
import jcuda.jcudnn.cudnnDataType;
import jcuda.jcudnn.cudnnDeterminism;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnHandle;
import jcuda.jcudnn.cudnnMathType;
import jcuda.jcudnn.cudnnTensorDescriptor;
import jcuda.jcudnn.cudnnTensorFormat;
import org.s2d.device.Conv2dShape;

/**
 * One convolution as cuDNN sees it, and for each direction the algorithm that its heuristics put first among those that add in a
 * fixed order. F32 is F32: no TF32.
 */
final class CudnnPlan implements AutoCloseable {
    /** More workspace than this is not worth the time it saves. */
    private static final long MAX_WORKSPACE_BYTES = 256L << 20;

    /** More than there are algorithms of any kind. */
    private static final int MAX_CANDIDATES = 10;

    /** @param workspaceBytes what it needs */
    record Algorithm(int number, long workspaceBytes) {}

    private record Candidate(Algorithm algorithm, int status, int determinism) {}

    final cudnnTensorDescriptor in = new cudnnTensorDescriptor();
    final cudnnTensorDescriptor out = new cudnnTensorDescriptor();
    final cudnnFilterDescriptor weight = new cudnnFilterDescriptor();
    final cudnnConvolutionDescriptor convolution = new cudnnConvolutionDescriptor();
    /** Empty where cuDNN has none that will do. */
    final Optional<Algorithm> forward;

    final Optional<Algorithm> backwardInput;
    final Optional<Algorithm> backwardWeight;

    CudnnPlan(cudnnHandle handle, Conv2dShape shape) {
        describe(shape);
        forward = chooseForward(handle);
        backwardInput = chooseBackwardInput(handle);
        backwardWeight = chooseBackwardWeight(handle);
    }

    private void describe(Conv2dShape shape) {
        String what = "describe a convolution";
        int format = cudnnTensorFormat.CUDNN_TENSOR_NCHW;
        int type = cudnnDataType.CUDNN_DATA_FLOAT;
        CudnnStatus.require(cudnnCreateTensorDescriptor(in), what);
        CudnnStatus.require(cudnnCreateTensorDescriptor(out), what);
        CudnnStatus.require(cudnnCreateFilterDescriptor(weight), what);
        CudnnStatus.require(cudnnCreateConvolutionDescriptor(convolution), what);
        CudnnStatus.require(
                cudnnSetTensor4dDescriptor(
                        in, format, type, shape.batch(), shape.inChannels(), shape.inHeight(), shape.inWidth()),
                what);
        CudnnStatus.require(
                cudnnSetTensor4dDescriptor(
                        out, format, type, shape.batch(), shape.outChannels(), shape.outHeight(), shape.outWidth()),
                what);
        CudnnStatus.require(
                cudnnSetFilter4dDescriptor(
                        weight,
                        type,
                        format,
                        shape.outChannels(),
                        shape.groupInChannels(),
                        shape.kernelHeight(),
                        shape.kernelWidth()),
                what);
        CudnnStatus.require(
                cudnnSetConvolution2dDescriptor(
                        convolution,
                        shape.options().paddingH(),
                        shape.options().paddingW(),
                        shape.options().strideH(),
                        shape.options().strideW(),
                        1,
                        1,
                        cudnnConvolutionMode.CUDNN_CROSS_CORRELATION,
                        type),
                what);
        CudnnStatus.require(cudnnSetConvolutionGroupCount(convolution, shape.groups()), what);
        CudnnStatus.require(cudnnSetConvolutionMathType(convolution, cudnnMathType.CUDNN_FMA_MATH), what);
    }

    /** The candidates are there only after a call that succeeded. */
    private static Optional<Algorithm> choose(int status, Supplier<Stream<Candidate>> candidates) {
        if (!CudnnStatus.supported(status, "choose a convolution's algorithm")) {
            return Optional.empty();
        }
        return candidates
                .get()
                .filter(candidate -> candidate.status == 0
                        && candidate.determinism == cudnnDeterminism.CUDNN_DETERMINISTIC
                        && candidate.algorithm.workspaceBytes <= MAX_WORKSPACE_BYTES)
                .map(Candidate::algorithm)
                .findFirst();
    }

    private Optional<Algorithm> chooseForward(cudnnHandle handle) {
        var found = new cudnnConvolutionFwdAlgoPerf[MAX_CANDIDATES];
        int[] count = new int[1];
        int status = cudnnGetConvolutionForwardAlgorithm_v7(
                handle, in, weight, convolution, out, MAX_CANDIDATES, count, found);
        return choose(
                status,
                () -> Arrays.stream(found, 0, count[0])
                        .map(it -> new Candidate(new Algorithm(it.algo, it.memory), it.status, it.determinism)));
    }

    private Optional<Algorithm> chooseBackwardInput(cudnnHandle handle) {
        var found = new cudnnConvolutionBwdDataAlgoPerf[MAX_CANDIDATES];
        int[] count = new int[1];
        int status = cudnnGetConvolutionBackwardDataAlgorithm_v7(
                handle, weight, out, convolution, in, MAX_CANDIDATES, count, found);
        return choose(
                status,
                () -> Arrays.stream(found, 0, count[0])
                        .map(it -> new Candidate(new Algorithm(it.algo, it.memory), it.status, it.determinism)));
    }

    private Optional<Algorithm> chooseBackwardWeight(cudnnHandle handle) {
        var found = new cudnnConvolutionBwdFilterAlgoPerf[MAX_CANDIDATES];
        int[] count = new int[1];
        int status = cudnnGetConvolutionBackwardFilterAlgorithm_v7(
                handle, in, out, convolution, weight, MAX_CANDIDATES, count, found);
        return choose(
                status,
                () -> Arrays.stream(found, 0, count[0])
                        .map(it -> new Candidate(new Algorithm(it.algo, it.memory), it.status, it.determinism)));
    }

    @Override
    public void close() {
        String what = "destroy a convolution's description";
        CudnnStatus.require(cudnnDestroyConvolutionDescriptor(convolution), what);
        CudnnStatus.require(cudnnDestroyFilterDescriptor(weight), what);
        CudnnStatus.require(cudnnDestroyTensorDescriptor(out), what);
        CudnnStatus.require(cudnnDestroyTensorDescriptor(in), what);
    }
}

package org.s2d.device.cuda;

import static jcuda.jcudnn.JCudnn.cudnnCreateConvolutionDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnCreateFilterDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnCreateTensorDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnDestroyConvolutionDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnDestroyFilterDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnDestroyTensorDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnGetConvolutionBackwardDataWorkspaceSize;
import static jcuda.jcudnn.JCudnn.cudnnGetConvolutionBackwardFilterWorkspaceSize;
import static jcuda.jcudnn.JCudnn.cudnnGetConvolutionForwardWorkspaceSize;
import static jcuda.jcudnn.JCudnn.cudnnSetConvolution2dDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnSetConvolutionGroupCount;
import static jcuda.jcudnn.JCudnn.cudnnSetConvolutionMathType;
import static jcuda.jcudnn.JCudnn.cudnnSetFilter4dDescriptor;
import static jcuda.jcudnn.JCudnn.cudnnSetTensor4dDescriptor;

import java.util.Optional;
import jcuda.jcudnn.cudnnConvolutionBwdDataAlgo;
import jcuda.jcudnn.cudnnConvolutionBwdFilterAlgo;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnConvolutionFwdAlgo;
import jcuda.jcudnn.cudnnConvolutionMode;
import jcuda.jcudnn.cudnnDataType;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnHandle;
import jcuda.jcudnn.cudnnMathType;
import jcuda.jcudnn.cudnnTensorDescriptor;
import jcuda.jcudnn.cudnnTensorFormat;
import org.s2d.device.Conv2dShape;

/**
 * One convolution as cuDNN sees it, and for each direction the algorithm: of those that need little of the shape and add in a fixed
 * order the fastest. F32 is F32: no TF32. cuDNN's own choice is not asked for: JCuda reads the answer even after an error, when
 * there is none.
 */
final class CudnnPlan implements AutoCloseable {
    /** More workspace than this is not worth the time it saves. */
    private static final long MAX_WORKSPACE_BYTES = 256L << 20;

    /** @param workspaceBytes what it needs */
    record Algorithm(int number, long workspaceBytes) {}

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

    private static Optional<Algorithm> supported(int status, int number, long[] bytes) {
        boolean works = CudnnStatus.supported(status, "ask for a convolution's workspace");
        return works && bytes[0] <= MAX_WORKSPACE_BYTES
                ? Optional.of(new Algorithm(number, bytes[0]))
                : Optional.empty();
    }

    private Optional<Algorithm> chooseForward(cudnnHandle handle) {
        int number = cudnnConvolutionFwdAlgo.CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
        long[] bytes = new long[1];
        int status = cudnnGetConvolutionForwardWorkspaceSize(handle, in, weight, convolution, out, number, bytes);
        return supported(status, number, bytes);
    }

    private Optional<Algorithm> chooseBackwardInput(cudnnHandle handle) {
        int number = cudnnConvolutionBwdDataAlgo.CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;
        long[] bytes = new long[1];
        int status = cudnnGetConvolutionBackwardDataWorkspaceSize(handle, weight, out, convolution, in, number, bytes);
        return supported(status, number, bytes);
    }

    private Optional<Algorithm> chooseBackwardWeight(cudnnHandle handle) {
        int number = cudnnConvolutionBwdFilterAlgo.CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1;
        long[] bytes = new long[1];
        int status =
                cudnnGetConvolutionBackwardFilterWorkspaceSize(handle, in, out, convolution, weight, number, bytes);
        return supported(status, number, bytes);
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

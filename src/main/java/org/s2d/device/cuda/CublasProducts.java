package org.s2d.device.cuda;

import static jcuda.jcublas.JCublas2.cublasCreate;
import static jcuda.jcublas.JCublas2.cublasDestroy;
import static jcuda.jcublas.JCublas2.cublasGemmStridedBatchedEx_new;
import static jcuda.jcublas.JCublas2.cublasGetVersion;
import static jcuda.jcublas.JCublas2.cublasSetMathMode;
import static jcuda.jcublas.JCublas2.cublasSetStream;
import static jcuda.jcublas.JCublas2.cublasSetWorkspace;

import jcuda.Pointer;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasMath;
import jcuda.jcublas.cublasOperation;
import jcuda.jcublas.cublasStatus;
import org.s2d.device.DeviceException;
import org.s2d.device.Products.Activation;
import org.s2d.device.Products.Epilogue;
import org.s2d.device.natives.NativeLibrary;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Storage;
import org.s2d.tensor.Tensor;

/**
 * Matrix products by cuBLAS. It counts columns first, so the row-major {@code out = a b} is its {@code out' = b' a'}. What
 * comes after the sums is cuBLASLt's ({@link FinishedProducts}) where it can, else a kernel over the sums, in F32. Layouts that it
 * does not take (no unit stride, rows that overlap, an output with gaps between columns) go to our own kernel.
 *
 * <p>F32 is F32: no TF32, and 16-bit operands are never summed in 16 bits. The workspace is ours, so that calls can be captured in
 * a graph and repeat bit by bit. The library must have been loaded before ({@code JCudaNatives.loadCublas}).
 */
final class CublasProducts implements MatrixProducts {
    /** What cuBLAS recommends for Hopper. */
    private static final long WORKSPACE_BYTES = 32L << 20;

    private static final Pointer ZERO = Pointer.to(new float[] {0});
    private static final Pointer ONE = Pointer.to(new float[] {1});

    private final CudaContext context;
    private final KernelProducts own;
    private final cublasHandle handle = new cublasHandle();
    private final Storage workspace;
    private final FinishedProducts finished;

    /**
     * Throws when the library is of another version than its name says.
     *
     * @param driver of the context
     * @param library cuBLASLt of the same version
     * @param cudaMajor CUDA version that the library was found for
     */
    CublasProducts(CudaContext context, JcudaDriver driver, NativeLibrary library, int cudaMajor) {
        this.context = context;
        own = new KernelProducts(context);
        require(cublasCreate(handle), "cublasCreate");
        requireVersion(cudaMajor);
        require(cublasSetStream(handle, driver.runtimeStream(context.stream())), "cublasSetStream");
        workspace = context.pool().allocate(WORKSPACE_BYTES);
        require(
                cublasSetWorkspace(handle, new DeviceAddress(workspace.address()), WORKSPACE_BYTES),
                "cublasSetWorkspace");
        require(
                cublasSetMathMode(handle, cublasMath.CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION),
                "cublasSetMathMode");
        long stream = driver.streamAddress(context.stream());
        finished = new FinishedProducts(stream, new CublasLt(library), workspace, WORKSPACE_BYTES);
    }

    private void requireVersion(int cudaMajor) {
        int[] version = new int[1];
        require(cublasGetVersion(handle, version), "cublasGetVersion");
        if (version[0] / 10000 != cudaMajor) {
            throw new DeviceException("cuda: libcublas.so." + cudaMajor + " says that it is cuBLAS "
                    + version[0] / 10000 + "." + version[0] % 10000 / 100 + ". Install cuBLAS " + cudaMajor + ".");
        }
    }

    @Override
    public void multiply(Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        Columns left = Columns.of(a);
        Columns right = Columns.of(b);
        Columns result = Columns.of(out);
        if (left == null
                || right == null
                || result == null
                || result.operation() != cublasOperation.CUBLAS_OP_N
                || a.dim(-1) == 0) {
            own.multiply(out, a, b, epilogue);
            return;
        }
        boolean plain =
                epilogue.bias() == null && epilogue.residual() == null && epilogue.activation() == Activation.NONE;
        if (plain) {
            sum(out, result, a, left, b, right, epilogue.accumulate());
        } else if (!finishInPlace(out, a, b, epilogue)) {
            finishSums(out, result, a, left, b, right, epilogue);
        }
    }

    /** Sums in F32, and a pass over them. */
    private void finishSums(
            Tensor out, Columns result, Tensor a, Columns left, Tensor b, Columns right, Epilogue epilogue) {
        if (out.dtype() == DType.F32 && out.isContiguous() && !isReadBy(epilogue, out)) {
            sum(out, result, a, left, b, right, false);
            own.finish(out, out, epilogue);
            return;
        }
        try (Scope scope = context.scope()) {
            Tensor sums = scope.allocate(DType.F32, out.shape());
            Columns dense = new Columns(out.dim(-1), cublasOperation.CUBLAS_OP_N);
            sum(sums, dense, a, left, b, right, false);
            own.finish(out, sums, epilogue);
        }
    }

    /**
     * Lets cuBLASLt do all but the activation: its GELU is the one with tanh. That is a pass over the output afterwards; in 16 bits it
     * reads rounded sums, as PyTorch's does. Does nothing and returns false where cuBLASLt cannot.
     */
    private boolean finishInPlace(Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        Tensor bias = epilogue.bias();
        Tensor residual = epilogue.residual();
        boolean activated = epilogue.activation() != Activation.NONE;
        boolean passes = activated
                ? out.dtype() != DType.F32 && out.isContiguous() && !isReadBy(epilogue, out)
                : residual == null || !epilogue.accumulate();
        if (!passes || (bias != null && (bias.rank() != 1 || !bias.isContiguous()))) {
            return false;
        }
        Tensor addend = epilogue.accumulate() ? out : residual;
        try (Scope scope = context.scope()) {
            Tensor typed = bias == null ? null : inTypeOf(out, bias, scope);
            if (!finished.multiply(out, a, b, typed, activated ? null : addend)) {
                return false;
            }
        }
        if (activated) {
            own.finish(out, out, new Epilogue(null, epilogue.activation(), residual, false));
        }
        return true;
    }

    /** A bias as cuBLASLt takes it. */
    private Tensor inTypeOf(Tensor out, Tensor bias, Scope scope) {
        if (bias.dtype() == out.dtype()) {
            return bias;
        }
        Tensor copy = scope.allocate(out.dtype(), Shape.of(1, bias.dim(0)));
        own.finish(copy, bias.reshape(copy.shape()), Epilogue.NONE);
        return copy.reshape(bias.shape());
    }

    /** True when the epilogue needs what the output held before. */
    private static boolean isReadBy(Epilogue epilogue, Tensor out) {
        Tensor residual = epilogue.residual();
        return epilogue.accumulate() || (residual != null && residual.storage() == out.storage());
    }

    private void sum(Tensor out, Columns result, Tensor a, Columns left, Tensor b, Columns right, boolean accumulate) {
        boolean single = out.rank() == 2;
        int status = cublasGemmStridedBatchedEx_new(
                handle,
                right.operation(),
                left.operation(),
                out.dim(-1),
                out.dim(-2),
                a.dim(-1),
                ONE,
                new DeviceAddress(b.address()),
                Columns.type(b),
                right.distance(),
                Columns.batchStride(b),
                new DeviceAddress(a.address()),
                Columns.type(a),
                left.distance(),
                Columns.batchStride(a),
                accumulate ? ONE : ZERO,
                new DeviceAddress(out.address()),
                Columns.type(out),
                result.distance(),
                Columns.batchStride(out),
                single ? 1 : out.dim(0),
                cublasComputeType.CUBLAS_COMPUTE_32F,
                cublasGemmAlgo.CUBLAS_GEMM_DFALT);
        require(status, "matmul: " + a.shape() + " x " + b.shape());
    }

    private static void require(int status, String what) {
        if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
            throw new DeviceException("cuda: " + what + ": cuBLAS says " + cublasStatus.stringFor(status));
        }
    }

    @Override
    public void close() {
        finished.close();
        int status = cublasDestroy(handle);
        workspace.release();
        require(status, "cublasDestroy");
    }
}

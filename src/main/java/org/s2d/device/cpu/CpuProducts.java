package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Elementwise;
import org.s2d.device.Products;
import org.s2d.device.cpu.MatMulProblem.Layout;
import org.s2d.device.cpu.OneDnnMatMul.Packing;
import org.s2d.tensor.Allocator;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * Matrix products by oneDNN. Each is cut into tiles, one per worker, which single-threaded primitives compute; the cut and
 * so every rounding depends only on shapes, strides, types and the number of workers.
 *
 * <p>Operands that oneDNN cannot read in place (no unit stride, rows that overlap) are copied first, at the speed of a
 * strided copy; so is an output that is not row-major. The output must not overlap an operand; the residual may be the
 * output itself.
 */
final class CpuProducts implements Products, AutoCloseable {
    /** More than the shapes of a model in training and evaluation; a plan takes up to 0.7 MB, most of it compiled code. */
    private static final int PLANS = 384;

    private final OneDnnLibrary library;
    private final Allocator allocator;
    private final Workers workers;
    private final Elementwise elementwise;
    private final List<OneDnnWorker> states;
    private final PlanCache<MatMulProblem, MatMulPlan> plans;

    CpuProducts(Allocator allocator, Workers workers, Elementwise elementwise) {
        this(allocator, workers, elementwise, OneDnnLibrary.load(), PLANS);
    }

    CpuProducts(Allocator allocator, Workers workers, Elementwise elementwise, OneDnnLibrary library, int capacity) {
        this.library = library;
        this.allocator = allocator;
        this.workers = workers;
        this.elementwise = elementwise;
        states = IntStream.range(0, workers.count())
                .mapToObj(index -> new OneDnnWorker(library, index))
                .toList();
        plans = new PlanCache<>(capacity, problem -> new MatMulPlan(library, problem, workers.count()));
    }

    /** For operands that oneDNN can read in place. */
    @Override
    public @Nullable Tensor pack(Scope scope, Tensor b) {
        Layout layout = Layout.of(b);
        if (b.rank() != 2 || b.numel() == 0 || !layout.isMatrix(b.dim(0), b.dim(1))) {
            return null;
        }
        MatMulProblem problem = MatMulProblem.packing(b.dim(1), b.dim(0), layout);
        Packing packing =
                new OneDnnMatMul(library, problem, workers.count()).packing().orElse(null);
        if (packing == null) {
            return null;
        }
        Tensor packed = scope.allocate(DType.U8, Shape.of(Math.toIntExact(packing.bytes())));
        try (OneDnnPrimitive pack = packing.pack()) {
            workers.parallelFor(1, 1, (worker, from, to) -> {
                OneDnnWorker state = states.get(worker);
                state.enter();
                pack.run(state, address(b), address(packed));
            });
        }
        return packed;
    }

    @Override
    public void matmul(Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        matmul(out, a, b, null, epilogue);
    }

    @Override
    public void matmul(Tensor out, Tensor a, Tensor b, @Nullable Tensor packed, Epilogue epilogue) {
        MatMulChecks.check(out, a, b, epilogue);
        if (out.numel() == 0) {
            return;
        }
        try (Scope scratch = new Scope(allocator)) {
            Tensor bias = epilogue.bias();
            if (bias != null && bias.rank() == 2) {
                onePerMatrix(out, a, b, epilogue);
            } else if (a.dim(-1) == 0) {
                withoutInnerDimension(scratch, out, a, b, epilogue);
            } else if (Layout.of(out).isRowMajor(out.dim(-1))) {
                rowMajor(scratch, out, a, b, packed, epilogue);
            } else if (out.stride(-2) == 1 && epilogue.bias() == null) {
                // A column-major output is the row-major output of the transposed product.
                Tensor residual = epilogue.residual();
                Epilogue transposed = new Epilogue(
                        null,
                        epilogue.activation(),
                        residual == null ? null : residual.transpose(-2, -1),
                        epilogue.accumulate());
                matmul(out.transpose(-2, -1), b.transpose(-2, -1), a.transpose(-2, -1), transposed);
            } else {
                Tensor target = epilogue.accumulate() ? copy(scratch, out) : scratch.allocate(out.dtype(), out.shape());
                rowMajor(scratch, target, a, b, packed, epilogue);
                elementwise.copy(out, target);
            }
        }
    }

    /** oneDNN has fast code for one bias only; a matrix of the batches that have several is large enough for all workers. */
    private void onePerMatrix(Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        for (int i = 0; i < out.dim(0); i++) {
            matmul(
                    out.select(0, i),
                    a.select(0, a.dim(0) == 1 ? 0 : i),
                    b.select(0, b.dim(0) == 1 ? 0 : i),
                    epilogue.of(i));
        }
    }

    /** A sum over nothing is 0; what remains is the epilogue. */
    private void withoutInnerDimension(Scope scratch, Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        matmul(
                out,
                zeros(scratch, a.shape().with(-1, 1), a.dtype()),
                zeros(scratch, b.shape().with(-2, 1), b.dtype()),
                epilogue);
    }

    private static Tensor zeros(Scope scratch, Shape shape, DType dtype) {
        Tensor zeros = scratch.allocate(dtype, shape);
        zeros.storage().segment().fill((byte) 0);
        return zeros;
    }

    private void rowMajor(Scope scratch, Tensor out, Tensor a, Tensor b, @Nullable Tensor packed, Epilogue epilogue) {
        Tensor left = readable(scratch, a);
        Tensor right = readable(scratch, b);
        Tensor bias = epilogue.bias();
        if (bias != null && bias.dim(0) > 1 && bias.stride(0) != 1) {
            bias = copy(scratch, bias);
        }
        Tensor residual = epilogue.residual();
        boolean accumulate = epilogue.accumulate();
        if (residual != null && sameElements(residual, out) && !accumulate) {
            residual = null;
            accumulate = true; // oneDNN may build sums up in the output, and would then read those as residual
        }
        if (accumulate && (residual != null || epilogue.activation() != Activation.NONE)) {
            residual =
                    sumLike(scratch, out, residual); // oneDNN has fast code for one addition, and for that after GELU
            accumulate = false;
        } else if (residual != null && (!sameStrides(residual, out) || residual.storage() == out.storage())) {
            residual = copyLike(scratch, residual.dtype(), residual, out);
        }
        MatMulProblem problem = new MatMulProblem(
                out.rank() == 2 ? 1 : out.dim(0),
                out.dim(-2),
                out.dim(-1),
                a.dim(-1),
                Layout.of(left),
                Layout.of(right),
                Layout.of(out),
                bias == null ? null : bias.dtype(),
                epilogue.activation(),
                residual == null ? null : residual.dtype(),
                accumulate,
                packed != null);
        MatMulPlan.Addresses addresses = new MatMulPlan.Addresses(
                address(left), address(right), address(packed), address(bias), address(residual), address(out));
        plans.use(problem.collapsed(), plan -> plan.run(workers, states, addresses));
    }

    private Tensor readable(Scope scratch, Tensor operand) {
        boolean inPlace = Layout.of(operand).isMatrix(operand.dim(-2), operand.dim(-1));
        return inPlace ? operand : copy(scratch, operand);
    }

    private Tensor copy(Scope scratch, Tensor tensor) {
        Tensor copy = scratch.allocate(tensor.dtype(), tensor.shape());
        elementwise.copy(copy, tensor);
        return copy;
    }

    private Tensor sumLike(Scope scratch, Tensor out, @Nullable Tensor residual) {
        Tensor sum = copyLike(scratch, DType.F32, out, out);
        if (residual != null) {
            elementwise.addScaled(sum, residual, 1);
        }
        return sum;
    }

    /** A copy with the strides of another tensor of the same shape. */
    private Tensor copyLike(Scope scratch, DType dtype, Tensor tensor, Tensor like) {
        long[] strides = new long[like.rank()];
        long span = 1;
        for (int i = 0; i < strides.length; i++) {
            strides[i] = like.dim(i) == 1 ? 0 : like.stride(i);
            span += (like.dim(i) - 1) * strides[i];
        }
        Tensor block = scratch.allocate(dtype, Shape.of(Math.toIntExact(span)));
        Tensor copy = Tensor.strided(block.storage(), dtype, like.shape(), strides, 0);
        elementwise.copy(copy, tensor);
        return copy;
    }

    private static boolean sameElements(Tensor first, Tensor second) {
        return first.storage() == second.storage()
                && first.dtype() == second.dtype()
                && first.offset() == second.offset()
                && sameStrides(first, second);
    }

    private static boolean sameStrides(Tensor first, Tensor second) {
        return IntStream.range(0, first.rank()).allMatch(i -> first.dim(i) == 1 || first.stride(i) == second.stride(i));
    }

    private static long address(@Nullable Tensor tensor) {
        if (tensor == null) {
            return 0;
        }
        MemorySegment memory = tensor.storage().segment();
        if (!memory.isNative()) {
            throw new IllegalArgumentException("matmul: " + tensor + " lies on the Java heap");
        }
        return memory.address() + tensor.offset() * tensor.dtype().bytes();
    }

    /** Plans in use and kept; for tests. */
    int cachedPlans() {
        return plans.size();
    }

    @Override
    public void close() {
        plans.close();
        states.forEach(OneDnnWorker::close);
    }
}

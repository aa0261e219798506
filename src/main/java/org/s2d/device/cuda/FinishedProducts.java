package org.s2d.device.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Storage;
import org.s2d.tensor.Tensor;

/**
 * Products that cuBLASLt finishes in place: {@code out = a b + bias + addend}, rounded once, the output written once. What it
 * decides for a form of product is kept. Row-major {@code out = a b} is {@code out' = b' a'} of its columns.
 */
final class FinishedProducts implements AutoCloseable {
    private static final int MOST_ALIGNED = 256;

    private final long stream;
    private final CublasLt library;
    private final Storage workspace;
    private final long workspaceBytes;
    private final Map<Form, Plan> plans = new HashMap<>();

    /**
     * Takes the library over; the workspace stays the caller's.
     *
     * @param stream its address, as CUDA gave it
     * @param workspace used by one product at a time, in the order of the stream
     */
    FinishedProducts(long stream, CublasLt library, Storage workspace, long workspaceBytes) {
        this.stream = stream;
        this.library = library;
        this.workspace = workspace;
        this.workspaceBytes = workspaceBytes;
    }

    /** A matrix as far as the library's choice depends on it. */
    private record Operand(int type, int rows, int columns, Columns lie, long batchStride, int alignment) {
        static @Nullable Operand of(Tensor tensor) {
            Columns lie = Columns.of(tensor);
            if (lie == null) {
                return null;
            }
            return new Operand(
                    Columns.type(tensor),
                    tensor.dim(-2),
                    tensor.dim(-1),
                    lie,
                    Columns.batchStride(tensor),
                    alignmentOf(tensor));
        }
    }

    private static int alignmentOf(Tensor tensor) {
        return (int) Long.lowestOneBit(tensor.address() | MOST_ALIGNED);
    }

    /** A form of product, {@code a} and {@code b} in our order; without a bias its alignment is 0. */
    private record Form(Operand a, Operand b, Operand addend, Operand out, int batches, int biasAlignment) {}

    /** What the library made for a form; no algorithm when it cannot do it. */
    @SuppressWarnings("ArrayRecordComponent") // only read
    private record Plan(
            long description, long[] layouts, @Nullable MemorySegment algorithm) {}

    /**
     * Enqueues the product, or does nothing and returns false when the library cannot do it.
     *
     * @param bias [N] in the type of the output, contiguous
     * @param addend in the shape and type of the output; it may be the output
     */
    boolean multiply(Tensor out, Tensor a, Tensor b, @Nullable Tensor bias, @Nullable Tensor addend) {
        Tensor added = addend == null ? out : addend;
        Operand left = Operand.of(a);
        Operand right = Operand.of(b);
        Operand before = Operand.of(added);
        Operand result = Operand.of(out);
        if (left == null
                || right == null
                || before == null
                || result == null
                || result.lie.isTransposed()
                || before.lie.isTransposed()
                || added.dtype() != out.dtype()
                || a.dim(-1) == 0) {
            return false;
        }
        int batches = out.rank() == 2 ? 1 : out.dim(0);
        Form form = new Form(left, right, before, result, batches, bias == null ? 0 : alignmentOf(bias));
        Plan plan = plans.computeIfAbsent(form, this::plan);
        if (plan.algorithm == null) {
            return false;
        }
        if (bias != null) {
            library.setBias(plan.description, bias.address());
        }
        library.multiply(
                plan.description,
                new long[] {b.address(), a.address(), added.address(), out.address()},
                plan.layouts,
                addend != null,
                plan.algorithm,
                workspace.address(),
                workspaceBytes,
                stream);
        return true;
    }

    private Plan plan(Form form) {
        long description = library.description();
        library.setDescription(description, CublasLt.TRANSPOSE_A, form.b.lie.operation());
        library.setDescription(description, CublasLt.TRANSPOSE_B, form.a.lie.operation());
        if (form.biasAlignment > 0) {
            library.setDescription(description, CublasLt.EPILOGUE, CublasLt.EPILOGUE_BIAS);
            library.setBias(
                    description, form.biasAlignment); // an address of that alignment is all that the choice reads
        }
        Operand[] operands = {form.b, form.a, form.addend, form.out};
        long[] layouts = Arrays.stream(operands)
                .mapToLong(operand -> layout(operand, form.batches))
                .toArray();
        int[] alignments = Arrays.stream(operands).mapToInt(Operand::alignment).toArray();
        return new Plan(
                description,
                layouts,
                library.algorithm(description, layouts, alignments, workspaceBytes)
                        .orElse(null));
    }

    private long layout(Operand operand, int batches) {
        boolean transposed = operand.lie.isTransposed();
        int rows = transposed ? operand.rows : operand.columns;
        int columns = transposed ? operand.columns : operand.rows;
        long layout = library.layout(operand.type, rows, columns, operand.lie.distance());
        if (batches > 1) {
            library.setLayout(layout, CublasLt.BATCHES, batches, Integer.BYTES);
            library.setLayout(layout, CublasLt.BATCH_STRIDE, operand.batchStride, Long.BYTES);
        }
        return layout;
    }

    @Override
    public void close() {
        for (Plan plan : plans.values()) {
            library.destroyDescription(plan.description);
            for (long layout : plan.layouts) {
                library.destroyLayout(layout);
            }
        }
        library.close();
    }
}

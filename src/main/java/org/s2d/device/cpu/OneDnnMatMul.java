package org.s2d.device.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.s2d.device.DeviceException;
import org.s2d.device.Products.Activation;
import org.s2d.device.cpu.MatMulProblem.Layout;
import org.s2d.device.cpu.OneDnnPrimitive.Argument;
import org.s2d.tensor.DType;

/** Compiles oneDNN primitives for tiles of a product. */
final class OneDnnMatMul {
    /** A primitive for a packed right operand, the one that packs, and the packed size. */
    record Packed(OneDnnPrimitive multiply, OneDnnPrimitive pack, long bytes) {}

    /** What packs a whole right operand, and the packed size. */
    record Packing(OneDnnPrimitive pack, long bytes) {}

    private final OneDnnLibrary library;
    private final MatMulProblem problem;
    private final int workers;

    OneDnnMatMul(OneDnnLibrary library, MatMulProblem problem, int workers) {
        this.library = library;
        this.problem = problem;
        this.workers = workers;
    }

    /** Multiplies operands where they lie. Empty when oneDNN has nothing better than its reference code. */
    Optional<OneDnnPrimitive> multiply(long batches, long rows, long columns) {
        OneDnnObjects objects = new OneDnnObjects(library);
        try {
            long b = descriptor(objects, problem.b(), batches, problem.k(), columns);
            long primitive = describe(objects, b, batches, rows, columns);
            if (primitive != 0) {
                return Optional.of(assemble(objects, primitive, b, batches, rows, columns));
            }
        } catch (DeviceException e) {
            objects.close();
            throw e;
        }
        objects.close();
        return Optional.empty();
    }

    /** Multiplies by a right operand in the layout that oneDNN likes best. */
    Optional<Packed> multiplyPacked(long rows, long columns) {
        OneDnnObjects objects = new OneDnnObjects(library);
        try {
            long any = objects.anyDescriptor(typeOf(problem.b().dtype()), dims(1, problem.k(), columns));
            long primitive = describe(objects, any, 1, rows, columns);
            if (primitive != 0) {
                long packed = library.queryDescriptor(primitive, OneDnnLibrary.QUERY_WEIGHTS);
                OneDnnPrimitive pack = pack(packed, columns);
                OneDnnPrimitive multiply = assemble(objects, primitive, packed, 1, rows, columns);
                return Optional.of(new Packed(multiply, pack, library.size(packed)));
            }
        } catch (DeviceException e) {
            objects.close();
            throw e;
        }
        objects.close();
        return Optional.empty();
    }

    /** Packs the whole right operand for {@link #multiplyKept}. Empty when oneDNN has no fast code for it. */
    Optional<Packing> packing() {
        try (OneDnnObjects objects = new OneDnnObjects(library)) {
            long packed = keptLayout(objects);
            return packed == 0
                    ? Optional.empty()
                    : Optional.of(new Packing(pack(packed, problem.n()), library.size(packed)));
        }
    }

    /** Multiplies by a right operand that {@link #packing} packed. Empty when oneDNN has no fast code for it. */
    Optional<OneDnnPrimitive> multiplyKept(long rows) {
        OneDnnObjects objects = new OneDnnObjects(library);
        try {
            long packed = keptLayout(objects);
            long primitive = packed == 0 ? 0 : describe(objects, packed, 1, rows, problem.n());
            if (primitive != 0) {
                return Optional.of(assemble(objects, primitive, packed, 1, rows, problem.n()));
            }
        } catch (DeviceException e) {
            objects.close();
            throw e;
        }
        objects.close();
        return Optional.empty();
    }

    /** The same for all products by right operands of this size and type; 0 when oneDNN has no fast code. */
    private long keptLayout(OneDnnObjects objects) {
        MatMulProblem packing = MatMulProblem.packing(problem.n(), problem.k(), problem.b());
        long any = objects.anyDescriptor(typeOf(problem.b().dtype()), dims(1, problem.k(), problem.n()));
        long primitive =
                new OneDnnMatMul(library, packing, workers).describe(objects, any, 1, packing.m(), packing.n());
        return primitive == 0 ? 0 : library.queryDescriptor(primitive, OneDnnLibrary.QUERY_WEIGHTS);
    }

    /** Copies columns of the right operand into the given layout. */
    private OneDnnPrimitive pack(long packed, long columns) {
        OneDnnObjects objects = new OneDnnObjects(library);
        try {
            long plain = descriptor(objects, problem.b(), 1, problem.k(), columns);
            long target = objects.create("dnnl_memory_desc_clone", "dnnl_memory_desc_destroy", packed);
            long reorder = objects.create(
                    "dnnl_reorder_primitive_desc_create",
                    "dnnl_primitive_desc_destroy",
                    plain,
                    library.engine(),
                    target,
                    library.engine(),
                    objects.attributes());
            return new OneDnnPrimitive(
                    library,
                    objects,
                    reorder,
                    List.of(
                            new Argument(OneDnnLibrary.ARG_SOURCE, plain),
                            new Argument(OneDnnLibrary.ARG_DESTINATION, target)),
                    workers);
        } catch (DeviceException e) {
            objects.close();
            throw e;
        }
    }

    /** A primitive descriptor, 0 when oneDNN has only reference code or none. */
    private long describe(OneDnnObjects objects, long b, long batches, long rows, long columns) {
        long a = descriptor(objects, problem.a(), batches, rows, problem.k());
        long out = descriptor(objects, problem.out(), batches, rows, columns);
        long bias = problem.bias() == null ? 0 : biasDescriptor(objects, problem.bias(), batches, columns);
        long attributes = objects.attributes();
        addPostOperations(objects, attributes, batches, rows, columns);
        long[] descriptor = new long[1];
        int status = library.tryCreate(
                descriptor, "dnnl_matmul_primitive_desc_create", library.engine(), a, b, bias, out, attributes);
        if (status != OneDnnLibrary.SUCCESS && status != OneDnnLibrary.UNIMPLEMENTED) {
            throw new DeviceException("cpu: oneDNN refuses " + problem + " (status " + status + ")");
        }
        if (status == OneDnnLibrary.UNIMPLEMENTED) {
            return 0;
        }
        long primitive = objects.own("dnnl_primitive_desc_destroy", descriptor[0]);
        return library.implementation(primitive).startsWith("ref") ? 0 : primitive;
    }

    private OneDnnPrimitive assemble(
            OneDnnObjects objects, long primitive, long b, long batches, long rows, long columns) {
        List<Argument> arguments = new ArrayList<>();
        arguments.add(
                new Argument(OneDnnLibrary.ARG_SOURCE, descriptor(objects, problem.a(), batches, rows, problem.k())));
        arguments.add(new Argument(OneDnnLibrary.ARG_WEIGHTS, b));
        long out = descriptor(objects, problem.out(), batches, rows, columns);
        arguments.add(new Argument(OneDnnLibrary.ARG_DESTINATION, out));
        if (problem.bias() != null) {
            long bias = biasDescriptor(objects, problem.bias(), batches, columns);
            arguments.add(new Argument(OneDnnLibrary.ARG_BIAS, bias));
        }
        if (problem.residual() != null) {
            int position = problem.activation() == Activation.NONE ? 0 : 1;
            arguments.add(new Argument(
                    OneDnnLibrary.ARG_POST_OPERATION * (position + 1) | OneDnnLibrary.ARG_SECOND_SOURCE,
                    residualDescriptor(objects, problem.residual(), batches, rows, columns)));
        }
        return new OneDnnPrimitive(library, objects, primitive, arguments, workers);
    }

    private void addPostOperations(OneDnnObjects objects, long attributes, long batches, long rows, long columns) {
        long operations = objects.create("post_ops");
        if (problem.activation() == Activation.GELU) {
            library.call("dnnl_post_ops_append_eltwise", operations, OneDnnLibrary.ELTWISE_GELU_ERF, 0f, 0f);
        }
        if (problem.residual() != null) {
            long residual = residualDescriptor(objects, problem.residual(), batches, rows, columns);
            library.call("dnnl_post_ops_append_binary", operations, OneDnnLibrary.BINARY_ADD, residual);
        }
        if (problem.accumulate()) {
            library.call("dnnl_post_ops_append_sum", operations, 1f, 0, OneDnnLibrary.TYPE_UNDEFINED);
        }
        library.call("dnnl_primitive_attr_set_post_ops", attributes, operations);
    }

    private long residualDescriptor(OneDnnObjects objects, DType dtype, long batches, long rows, long columns) {
        Layout out = problem.out();
        Layout layout = new Layout(dtype, out.batchStride(), out.rowStride(), out.columnStride());
        return descriptor(objects, layout, batches, rows, columns);
    }

    private static long biasDescriptor(OneDnnObjects objects, DType dtype, long batches, long columns) {
        return descriptor(objects, new Layout(dtype, 0, columns, 1), batches, 1, columns);
    }

    private static long descriptor(OneDnnObjects objects, Layout layout, long batches, long rows, long columns) {
        boolean repeats = layout.batchStride() == 0;
        long[] dims = dims(batches, rows, columns);
        long[] strides = {layout.rowStride(), layout.columnStride()};
        if (batches > 1) {
            dims[0] = repeats ? 1 : batches;
            long matrix = Math.max(rows * layout.rowStride(), columns * layout.columnStride());
            strides = new long[] {repeats ? matrix : layout.batchStride(), strides[0], strides[1]};
        }
        return objects.stridedDescriptor(typeOf(layout.dtype()), dims, strides);
    }

    private static long[] dims(long batches, long rows, long columns) {
        return batches == 1 ? new long[] {rows, columns} : new long[] {batches, rows, columns};
    }

    private static int typeOf(DType dtype) {
        return OneDnnLibrary.typeOf(dtype);
    }
}

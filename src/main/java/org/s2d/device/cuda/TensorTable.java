package org.s2d.device.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** The {@code Slot}s of {@code kernels/optimizers.cu}, on the host: which tensors one launch works on. */
final class TensorTable {
    /** Elements that a block works on. */
    private static final int CHUNK = 16384;

    private static final int COUNT = 32;
    private static final int FIRST_BLOCK = 40;
    private static final int FACTORS = 48;
    private static final int TYPE = 60;
    private static final int VECTORS = 62;
    private static final int SLOT_BYTES = 64;
    private static final int VECTOR_ALIGNMENT = 16;

    private final MemorySegment bytes;
    private int count;
    private long blocks;

    TensorTable(int slots) {
        bytes = MemorySegment.ofArray(new long[Math.multiplyExact(slots, SLOT_BYTES / Long.BYTES)]);
    }

    /** The next slot, all tensors of one shape. */
    void add(Tensor... tensors) {
        long elements = tensors[0].numel();
        long at = (long) count * SLOT_BYTES;
        boolean vectors = true;
        for (int i = 0; i < tensors.length; i++) {
            long address = tensors[i].address();
            bytes.set(ValueLayout.JAVA_LONG, at + (long) Long.BYTES * i, address);
            vectors &= address % VECTOR_ALIGNMENT == 0 && tensors[i].dtype() == DType.F32;
        }
        bytes.set(ValueLayout.JAVA_LONG, at + COUNT, elements);
        bytes.set(ValueLayout.JAVA_LONG, at + FIRST_BLOCK, blocks);
        bytes.set(ValueLayout.JAVA_SHORT, at + TYPE, (short) CudaContext.typeCode(tensors[0].dtype()));
        bytes.set(ValueLayout.JAVA_SHORT, at + VECTORS, (short) (vectors ? 1 : 0));
        blocks += Math.ceilDiv(elements, (long) CHUNK);
        count++;
    }

    void setFactors(int slot, double... values) {
        long at = (long) slot * SLOT_BYTES + FACTORS;
        for (int i = 0; i < values.length; i++) {
            bytes.set(ValueLayout.JAVA_FLOAT, at + (long) Float.BYTES * i, (float) values[i]);
        }
    }

    int count() {
        return count;
    }

    /** Of a launch over all of them. */
    long blocks() {
        return blocks;
    }

    /** Room for the table on the device, not yet filled. */
    Tensor allocate(Scope scope) {
        return scope.allocate(DType.I64, Shape.of(Math.toIntExact(bytes.byteSize() / Long.BYTES)));
    }

    void upload(Tensor table, Staging staging) {
        staging.upload(table.address(), bytes);
    }
}

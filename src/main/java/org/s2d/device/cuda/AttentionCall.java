package org.s2d.device.cuda;

import java.util.EnumMap;
import java.util.Map;
import org.s2d.device.AttentionSizes;
import org.s2d.tensor.Tensor;

/**
 * One call of attention as {@code struct AttentionCall} of {@code kernels/common/scores.cuh} describes it: sizes, and where the
 * heads of each operand lie. Every operand has the same element type.
 *
 * @param rows how many rows a block owns
 */
record AttentionCall(AttentionSizes sizes, double scale, int rows, Map<Operand, Tensor> operands) {
    /** With their places among the kernel's layouts. */
    enum Operand {
        Q(0),
        K(1),
        V(2),
        OUT(3),
        GRAD_OUT(4),
        GRAD_Q(5),
        GRAD_K(6),
        GRAD_V(7);

        private final int place;

        Operand(int place) {
            this.place = place;
        }
    }

    private static final int VECTOR_BYTES = 16;

    // Places in the structure, in bytes.
    private static final int PACKED = 20;
    private static final int SCALE = 24;
    private static final int ROWS = 28;
    private static final int LAYOUTS = 32;
    private static final int LAYOUT_BYTES = 32;
    private static final int BYTES = LAYOUTS + Operand.values().length * LAYOUT_BYTES;

    AttentionCall {
        if (!(scale > 0)) {
            throw new IllegalArgumentException("attention: scale " + scale + ", expected a positive number");
        }
    }

    static AttentionCall of(AttentionSizes sizes, double scale, Tensor q, Tensor k, Tensor v) {
        Map<Operand, Tensor> operands = new EnumMap<>(Operand.class);
        operands.put(Operand.Q, q);
        operands.put(Operand.K, k);
        operands.put(Operand.V, v);
        return new AttentionCall(sizes, scale, 0, operands);
    }

    AttentionCall with(Operand operand, Tensor tensor) {
        Map<Operand, Tensor> more = new EnumMap<>(operands);
        more.put(operand, tensor);
        return new AttentionCall(sizes, scale, rows, more);
    }

    AttentionCall withRows(int count) {
        return new AttentionCall(sizes, scale, count, operands);
    }

    /** Passes the structure by value. */
    Arguments addTo(Arguments arguments) {
        int at = arguments.structure(BYTES);
        arguments.setInt(at, sizes.inner());
        arguments.setInt(at + 4, sizes.heads());
        arguments.setInt(at + 8, sizes.queries());
        arguments.setInt(at + 12, sizes.keys());
        arguments.setInt(at + 16, sizes.headDim());
        arguments.setInt(at + SCALE, Float.floatToRawIntBits((float) scale));
        arguments.setInt(at + ROWS, rows);
        int packed = 0;
        for (Map.Entry<Operand, Tensor> entry : operands.entrySet()) {
            Tensor tensor = entry.getValue();
            int layout = at + LAYOUTS + entry.getKey().place * LAYOUT_BYTES;
            for (int dim = 0; dim < 4; dim++) {
                arguments.setLong(layout + 8 * dim, tensor.stride(dim));
            }
            packed |= isPacked(tensor) ? 1 << entry.getKey().place : 0;
        }
        arguments.setInt(at + PACKED, packed);
        return arguments;
    }

    /** True when every row is whole packs of 16 bytes, and aligned to them. */
    static boolean isPacked(Tensor tensor) {
        int pack = VECTOR_BYTES / tensor.dtype().bytes();
        boolean packed = tensor.dim(4) % pack == 0 && tensor.address() % VECTOR_BYTES == 0;
        for (int dim = 0; dim < 4; dim++) {
            packed &= tensor.dim(dim) == 1 || tensor.stride(dim) % pack == 0;
        }
        return packed;
    }
}

package org.s2d.check.conformance;

import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** How an operand lies in memory. */
enum Layout {
    CONTIGUOUS,
    /** Dimensions in reverse order. */
    REVERSED,
    /** Every row longer than what the view shows, and the first element not at the start. */
    PADDED;

    Tensor allocate(Scope scope, DType type, Shape shape) {
        int rank = shape.rank();
        if (rank == 0 || this == CONTIGUOUS) {
            return scope.allocate(type, shape);
        }
        if (this == PADDED) {
            Shape longer = shape.with(-1, shape.dim(-1) + 5);
            return scope.allocate(type, longer).narrow(-1, 3, shape.dim(-1));
        }
        int[] dims = new int[rank];
        int[] order = new int[rank];
        for (int i = 0; i < rank; i++) {
            dims[i] = shape.dim(rank - 1 - i);
            order[i] = rank - 1 - i;
        }
        return scope.allocate(type, Shape.of(dims)).permute(order);
    }
}

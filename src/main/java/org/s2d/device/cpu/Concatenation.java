package org.s2d.device.cpu;

import java.util.List;
import org.s2d.tensor.Tensor;

/** Several tensors numbered through as one long row, so that work on all of them is cut evenly. */
final class Concatenation {
    private final long[] ends;

    Concatenation(List<Tensor> tensors) {
        ends = new long[tensors.size()];
        long end = 0;
        for (int i = 0; i < ends.length; i++) {
            end += tensors.get(i).numel();
            ends[i] = end;
        }
    }

    long count() {
        return ends.length == 0 ? 0 : ends[ends.length - 1];
    }

    @FunctionalInterface
    interface Visitor {
        /** {@code n} elements of tensor {@code index} from its element {@code first}. */
        void visit(int index, long first, long n);
    }

    /** The parts of tensors between two positions of the long row. */
    void forEach(long from, long to, Visitor visitor) {
        long start = 0;
        for (int i = 0; i < ends.length && start < to; i++) {
            long first = Math.max(from, start);
            long last = Math.min(to, ends[i]);
            if (first < last) {
                visitor.visit(i, first - start, last - first);
            }
            start = ends[i];
        }
    }
}

package org.s2d.device;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * What a residual connection adds up: {@code in + scales * addends[0] + addends[1]}. All contiguous.
 *
 * @param in [F, N, D]
 * @param skip the first tokens of each F, which nothing is added to
 * @param addends one or two of [F, N - skip, D]
 * @param scales [F], factors of the first addend; null for 1
 */
public record ResidualSum(
        Tensor in, int skip, List<Tensor> addends, @Nullable Tensor scales) {
    public ResidualSum {
        String kernel = "residual sum";
        addends = List.copyOf(addends);
        Checks.rank(kernel, "in", in, 3);
        if (addends.isEmpty() || addends.size() > 2 || skip < 0 || skip > in.dim(1)) {
            throw new ShapeException(kernel + ": " + addends.size() + " addends (1 or 2), " + skip + " of " + in.dim(1)
                    + " tokens without");
        }
        for (Tensor addend : addends) {
            Checks.shape(kernel, "addend", addend, in.shape().with(1, in.dim(1) - skip));
            Checks.floating(kernel, addend);
            Checks.contiguous(kernel, addend);
        }
        if (scales != null) {
            Checks.shape(kernel, "scales", scales, Shape.of(in.dim(0)));
            Checks.contiguous(kernel, scales);
        }
        Checks.contiguous(kernel, in);
    }

    public @Nullable Tensor second() {
        return addends.size() < 2 ? null : addends.get(1);
    }

    /** The sum in steps, for devices whose memory is not the bottleneck. */
    public void store(Tensor sum, Elementwise elementwise) {
        check(sum);
        int tokens = in.dim(1) - skip;
        Tensor rest = sum.narrow(1, skip, tokens);
        Tensor source = in.narrow(1, skip, tokens);
        elementwise.copy(sum.narrow(1, 0, skip), in.narrow(1, 0, skip));
        if (scales == null) {
            elementwise.binary(Elementwise.Binary.ADD, rest, source, addends.getFirst());
        } else {
            Tensor factors = scales.reshape(in.dim(0), 1, 1);
            elementwise.binary(Elementwise.Binary.MULTIPLY, rest, addends.getFirst(), factors);
            elementwise.binary(Elementwise.Binary.ADD, rest, rest, source);
        }
        Tensor second = second();
        if (second != null) {
            elementwise.addScaled(rest, second, 1);
        }
    }

    public void check(Tensor sum) {
        Checks.sameShape("residual sum", in, sum);
        Checks.contiguous("residual sum", sum);
    }
}

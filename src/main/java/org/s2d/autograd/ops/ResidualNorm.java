package org.s2d.autograd.ops;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Backward;
import org.s2d.autograd.Var;
import org.s2d.device.Elementwise.Binary;
import org.s2d.device.ResidualSum;
import org.s2d.tensor.DType;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * A residual connection and the layer normalisation after it in one pass: {@code sum = x + scales * addends[0] + addends[1]} and
 * {@link LayerNorm} of the sum.
 *
 * <p>Shapes: x and both results [F, N, D]; addends [F, N - skip, D], which belong to all but the first {@code skip} tokens; scales
 * [F, 1, 1] or none. The sum is in the float type, the normalised rows in the requested type. Keeps mean and 1/sqrt(var + eps) per row and
 * the sum; x instead where all addends are computed again ({@link Tape#reading}), and from them the sum. Memory-bound: reads every operand
 * once.
 */
public final class ResidualNorm {
    private ResidualNorm() {}

    /** The sum, which the next residual connection starts from, and what the next layer reads. */
    public record Result(Var sum, Var normed) {}

    /** What is added to x. */
    public record Addends(
            int skip, List<Var> terms, @Nullable Tensor scales) {
        public static Addends after(int skip, List<Var> terms) {
            return new Addends(skip, terms, null);
        }

        /** One branch; each of its F blocks may have a factor. */
        public static Addends branch(Var term, @Nullable Tensor scales) {
            return new Addends(0, List.of(term), scales);
        }
    }

    public static Result apply(Tape tape, Var x, Addends addends, Var weight, Var bias, double eps, DType outType) {
        LayerNorm.requireFeatures(x, weight, bias);
        addends.terms.forEach(term -> {
            if (x.shape().rank() != 3 || !term.shape().equals(x.shape().with(1, x.dim(1) - addends.skip))) {
                throw new ShapeException("residualNorm: " + term.shape() + " does not fit " + x.shape()
                        + " after the first " + addends.skip + " tokens");
            }
        });
        Tensor scales = addends.scales;
        ResidualSum terms = new ResidualSum(
                tape.contiguous(x.value()),
                addends.skip,
                addends.terms.stream()
                        .map(term -> tape.contiguous(term.value()))
                        .toList(),
                scales == null ? null : scales.reshape(x.dim(0)));
        List<Var> operands = new ArrayList<>(addends.terms);
        operands.add(x);
        boolean sumNeedsGrad = tape.needsGrad(operands.toArray(Var[]::new));
        Tensor sum = tape.allocate(tape.floatType(), x.shape());
        Tensor out = tape.allocate(outType, x.shape());
        LayerNorm.Statistics kept =
                LayerNorm.Statistics.allocate(tape, x.shape(), sumNeedsGrad || tape.needsGrad(weight, bias));
        tape.device()
                .normalization()
                .sumLayerNorm(out, sum, kept.mean(), kept.rstd(), terms, weight.value(), bias.value(), eps);
        Var total = sumNeedsGrad ? recordSum(tape, x, addends, terms, sum) : tape.constant(sum);
        return new Result(total, LayerNorm.record(tape, total, weight, bias, eps, sum, out, kept));
    }

    private static Var recordSum(Tape tape, Var x, Addends addends, ResidualSum terms, Tensor sum) {
        Tensor scales = addends.scales;
        List<Tensor> kept = new ArrayList<>();
        if (scales != null) {
            kept.add(scales);
        }
        Supplier<Tensor> again =
                addends.terms.stream().allMatch(tape::computesAgain) ? again(tape, x, addends, terms, kept) : null;
        Backward rule = grad -> {
            tape.accumulate(x, grad);
            Tensor rest = grad.narrow(1, addends.skip, grad.dim(1) - addends.skip);
            for (int i = 0; i < addends.terms.size(); i++) {
                Var term = addends.terms.get(i);
                if (i == 0 && scales != null && term.requiresGrad()) {
                    Tensor scaled = tape.allocate(term.value().dtype(), term.shape());
                    Tensor factors = scales.reshape(x.dim(0), 1, 1);
                    tape.device().elementwise().binary(Binary.MULTIPLY, scaled, rest, factors);
                    tape.accumulate(term, scaled);
                } else {
                    tape.accumulate(term, rest);
                }
            }
        };
        return tape.record("residual", sum, kept, rule, again);
    }

    /** Forms the sum a second time; x and the addends are kept for it, or computed again. */
    private static Supplier<Tensor> again(Tape tape, Var x, Addends addends, ResidualSum terms, List<Tensor> kept) {
        Supplier<Tensor> in = tape.reading(x, terms.in(), kept);
        List<Supplier<Tensor>> added = new ArrayList<>();
        for (int i = 0; i < addends.terms.size(); i++) {
            added.add(tape.reading(addends.terms.get(i), terms.addends().get(i), kept));
        }
        return () -> {
            Tensor sum = tape.allocate(tape.floatType(), x.shape());
            List<Tensor> values = added.stream().map(Supplier::get).toList();
            new ResidualSum(in.get(), terms.skip(), values, terms.scales())
                    .store(sum, tape.device().elementwise());
            return sum;
        };
    }
}

package org.s2d.device.cpu;

import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import org.s2d.device.Checks;
import org.s2d.device.Elementwise;
import org.s2d.device.Seed;
import org.s2d.device.StridedLoop;
import org.s2d.tensor.Tensor;

/** Plain loops in double: the specification. */
final class ReferenceElementwise implements Elementwise {
    @Override
    public void fill(Tensor out, double value) {
        FillKernel.reference(out, value);
    }

    @Override
    public void copy(Tensor out, Tensor in) {
        CopyKernel.reference(out, in);
    }

    @Override
    public void binary(Binary op, Tensor out, Tensor a, Tensor b) {
        combine(op.name(), BinaryKernel.reference(op), out, a, b);
    }

    @Override
    public void addScaled(Tensor out, Tensor in, double scale) {
        combine("addScaled", (sum, value) -> sum + scale * value, out, out, in);
    }

    @Override
    public void scale(Tensor out, Tensor in, double factor) {
        map("scale", value -> value * factor, out, in);
    }

    @Override
    public void unary(Unary op, Tensor out, Tensor in) {
        map(op.name(), UnaryKernel.reference(op), out, in);
    }

    @Override
    public void unaryBackward(Unary op, Tensor gradIn, Tensor in, Tensor gradOut) {
        Checks.sameShape(op.name() + " backward", gradIn, in, gradOut);
        combine(op.name() + " backward", UnaryKernel.referenceBackward(op), gradIn, in, gradOut);
    }

    @Override
    public void sumTo(Tensor out, Tensor in) {
        SumKernel.reference(out, in);
    }

    @Override
    public void dropout(Tensor out, Tensor in, double probability, Seed seed) {
        DropoutKernel.reference(out, in, probability, seed.value());
    }

    @Override
    public void keepScales(Tensor out, double probability, Seed seed) {
        DropoutKernel.keepScales(out, probability, seed.value());
    }

    @Override
    public void normal(Tensor out, Seed seed) {
        DropoutKernel.normal(out, seed.value());
    }

    private static void map(String kernel, DoubleUnaryOperator function, Tensor out, Tensor in) {
        Checks.floating(kernel, out, in);
        Checks.sameShape(kernel, out, in);
        Cells to = new Cells(out);
        Cells from = new Cells(in);
        StridedLoop.over(out.shape(), out, in).forEach(at -> to.set(at[0], function.applyAsDouble(from.get(at[1]))));
    }

    private static void combine(String kernel, DoubleBinaryOperator function, Tensor out, Tensor a, Tensor b) {
        Checks.floating(kernel, out, a, b);
        Tensor left = Checks.broadcast(kernel, a, out);
        Tensor right = Checks.broadcast(kernel, b, out);
        Cells to = new Cells(out);
        Cells first = new Cells(left);
        Cells second = new Cells(right);
        StridedLoop.over(out.shape(), out, left, right)
                .forEach(at -> to.set(at[0], function.applyAsDouble(first.get(at[1]), second.get(at[2]))));
    }
}

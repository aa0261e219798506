package org.s2d.device.cpu;

import org.s2d.device.Checks;
import org.s2d.device.Elementwise;
import org.s2d.device.Seed;
import org.s2d.tensor.Tensor;

/** F32 and BF16 with the Vector API. */
final class CpuElementwise implements Elementwise, AutoCloseable {
    private final Workers workers;
    private final Scratch scratch;
    private final ElementLoop elements;
    private final OneDnnReorder reorder;

    CpuElementwise(Workers workers, OneDnnTeam team) {
        this.workers = workers;
        reorder = new OneDnnReorder(team);
        scratch = workers.scratch();
        elements = new ElementLoop(workers, scratch);
    }

    @Override
    public void fill(Tensor out, double value) {
        FillKernel.fill(out, value, workers);
    }

    @Override
    public void copy(Tensor out, Tensor in) {
        CopyKernel.copy(out, in, workers, scratch, reorder);
    }

    @Override
    public void binary(Binary op, Tensor out, Tensor a, Tensor b) {
        Checks.singlePrecision(op.name(), out, a, b);
        Tensor left = Checks.broadcast(op.name(), a, out);
        Tensor right = Checks.broadcast(op.name(), b, out);
        elements.combine(BinaryKernel.vector(op), out, left, right);
    }

    @Override
    public void addScaled(Tensor out, Tensor in, double scale) {
        Checks.singlePrecision("addScaled", out, in);
        Tensor added = Checks.broadcast("addScaled", in, out);
        elements.combine(BinaryKernel.addScaled((float) scale), out, out, added);
    }

    @Override
    public void scale(Tensor out, Tensor in, double factor) {
        Checks.singlePrecision("scale", out, in);
        Checks.sameShape("scale", out, in);
        elements.map(BinaryKernel.scale((float) factor), out, in);
    }

    @Override
    public void unary(Unary op, Tensor out, Tensor in) {
        Checks.singlePrecision(op.name(), out, in);
        Checks.sameShape(op.name(), out, in);
        elements.map(UnaryKernel.vector(op), out, in);
    }

    @Override
    public void unaryBackward(Unary op, Tensor gradIn, Tensor in, Tensor gradOut) {
        String kernel = op.name() + " backward";
        Checks.singlePrecision(kernel, gradIn, in, gradOut);
        Checks.sameShape(kernel, gradIn, in, gradOut);
        elements.combine(UnaryKernel.vectorBackward(op), gradIn, in, gradOut);
    }

    @Override
    public void sumTo(Tensor out, Tensor in) {
        SumKernel.sumTo(out, in, workers, scratch, reorder);
    }

    @Override
    public void dropout(Tensor out, Tensor in, double probability, Seed seed) {
        DropoutKernel.parallel(out, in, probability, seed.value(), workers, scratch);
    }

    @Override
    public void keepScales(Tensor out, double probability, Seed seed) {
        DropoutKernel.keepScales(out, probability, seed.value());
    }

    @Override
    public void normal(Tensor out, Seed seed) {
        DropoutKernel.normal(out, seed.value());
    }

    @Override
    public void close() {
        reorder.close();
    }
}

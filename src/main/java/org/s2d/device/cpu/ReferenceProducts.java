package org.s2d.device.cpu;

import org.s2d.device.Checks;
import org.s2d.device.Products;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** Plain loops in double: the specification. */
final class ReferenceProducts implements Products {
    @Override
    public void matmul(Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        check(out, a, b, epilogue);
        if (out.rank() == 2) {
            matrix(out, a, b, epilogue);
            return;
        }
        for (int batch = 0; batch < out.dim(0); batch++) {
            matrix(
                    out.select(0, batch),
                    a.select(0, a.dim(0) == 1 ? 0 : batch),
                    b.select(0, b.dim(0) == 1 ? 0 : batch),
                    epilogue.of(batch));
        }
    }

    private static void check(Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        Checks.floating("matmul", out, a, b);
        int rank = out.rank();
        if (rank < 2 || rank > 3 || a.rank() != rank || b.rank() != rank) {
            throw new ShapeException("matmul: ranks do not fit: " + a.shape() + " x " + b.shape() + " to " + out.shape()
                    + "; all must be 2 or all 3");
        }
        if (a.dim(-1) != b.dim(-2)) {
            throw new ShapeException("matmul: inner dimensions differ: " + a.shape() + " x " + b.shape() + ": "
                    + a.dim(-1) + " != " + b.dim(-2)
                    + (a.dim(-1) == b.dim(-1) ? ". Did you mean the transposed second operand?" : ""));
        }
        boolean batchesFit = rank == 2 || (fits(a, out) && fits(b, out));
        if (a.dim(-2) != out.dim(-2) || b.dim(-1) != out.dim(-1) || !batchesFit) {
            throw new ShapeException("matmul: " + a.shape() + " x " + b.shape() + " does not give " + out.shape());
        }
        Tensor bias = epilogue.bias();
        if (bias != null) {
            Shape all = Shape.of(out.dim(-1));
            boolean perMatrix = rank == 3 && bias.rank() == 2;
            Checks.shape("matmul", "bias", bias, perMatrix ? Shape.of(out.dim(0), out.dim(-1)) : all);
        }
        if (epilogue.residual() != null) {
            Checks.shape("matmul", "residual", epilogue.residual(), out.shape());
        }
    }

    private static boolean fits(Tensor operand, Tensor out) {
        return operand.dim(0) == 1 || operand.dim(0) == out.dim(0);
    }

    private static void matrix(Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        Tensor residual = epilogue.residual();
        int inner = a.dim(1);
        double[] row = new double[inner];
        double[][] columns = new double[b.dim(1)][inner];
        double[] bias = new double[columns.length];
        double[] add = new double[columns.length];
        double[] result = new double[columns.length];
        Cells left = new Cells(a);
        Cells right = new Cells(b);
        Cells to = new Cells(out);
        for (int n = 0; n < columns.length; n++) {
            right.read(n * b.stride(1), b.stride(0), columns[n]);
        }
        Tensor given = epilogue.bias();
        if (given != null) {
            new Cells(given).read(0, given.stride(0), bias);
        }
        for (int m = 0; m < a.dim(0); m++) {
            left.read(m * a.stride(0), a.stride(1), row);
            if (residual != null) {
                new Cells(residual).read(m * residual.stride(0), residual.stride(1), add);
            }
            to.read(m * out.stride(0), out.stride(1), result);
            for (int n = 0; n < columns.length; n++) {
                double value = bias[n] + dot(row, columns[n]);
                value = epilogue.activation() == Activation.GELU ? GeluKernel.reference(value) : value;
                result[n] = value + add[n] + (epilogue.accumulate() ? result[n] : 0);
            }
            to.write(m * out.stride(0), out.stride(1), result);
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}

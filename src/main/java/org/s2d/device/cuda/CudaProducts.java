package org.s2d.device.cuda;

import static org.s2d.device.ProductChecks.require;

import org.s2d.device.Checks;
import org.s2d.device.ProductChecks;
import org.s2d.device.Products;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/** Checks products and hands them on; operands in F32, BF16 or F16, the rest in any of these, sums in F32. */
final class CudaProducts implements Products {
    private final MatrixProducts products;

    CudaProducts(MatrixProducts products) {
        this.products = products;
    }

    @Override
    public void matmul(Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        Checks.singlePrecision("matmul", out, a, b);
        ProductChecks.check(out, a, b, epilogue);
        boolean fits = a.dtype() == b.dtype() && (out.dtype() == a.dtype() || out.dtype() == DType.F32);
        require(
                fits,
                () -> a.dtype() + " x " + b.dtype() + " to " + out.dtype()
                        + " is not supported; expected operands of one type, and the output in that type or F32");
        if (epilogue.bias() != null) {
            Checks.singlePrecision("matmul", epilogue.bias());
        }
        if (epilogue.residual() != null) {
            Checks.singlePrecision("matmul", epilogue.residual());
        }
        if (out.numel() > 0) {
            products.multiply(out, a, b, epilogue);
        }
    }
}

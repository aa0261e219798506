package org.s2d.device.cpu;

import static org.s2d.device.ProductChecks.require;

import org.jspecify.annotations.Nullable;
import org.s2d.device.ProductChecks;
import org.s2d.device.Products.Epilogue;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/** What has to hold before native code sees a product. */
final class MatMulChecks {
    private MatMulChecks() {}

    static void check(Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        ProductChecks.check(out, a, b, epilogue);
        checkTypes(out, a, b);
        requireKnown("bias", epilogue.bias());
        requireKnown("residual", epilogue.residual());
    }

    private static void requireKnown(String name, @Nullable Tensor tensor) {
        if (tensor != null) {
            require(isKnown(tensor), () -> name + " of type " + tensor.dtype());
        }
    }

    private static void checkTypes(Tensor out, Tensor a, Tensor b) {
        boolean single = a.dtype() == DType.F32 && b.dtype() == DType.F32 && out.dtype() == DType.F32;
        boolean brain = a.dtype() == DType.BF16 && b.dtype() == DType.BF16 && isKnown(out);
        require(
                single || brain,
                () -> a.dtype() + " x " + b.dtype() + " to " + out.dtype()
                        + " is not supported on the cpu; expected F32 x F32 to F32 or BF16 x BF16 to F32 or BF16");
    }

    private static boolean isKnown(Tensor tensor) {
        return tensor.dtype() == DType.F32 || tensor.dtype() == DType.BF16;
    }
}

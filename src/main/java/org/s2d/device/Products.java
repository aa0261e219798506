package org.s2d.device;

import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** Matrix products. */
public interface Products {
    /**
     * {@code out[..., M, N] = act(a[..., M, K] @ b[..., K, N] + bias[N]) + residual}, added to {@code out} when the
     * epilogue accumulates. Rank 2 or 3; in rank 3 a batch dimension of 1 or stride 0 repeats. Operands may be any view with a
     * unit stride in one of the last two dimensions. Types: F32 x F32 to F32; BF16 x BF16 to F32 or BF16 (F32
     * accumulation); F64 on the reference device.
     */
    void matmul(Tensor out, Tensor a, Tensor b, Epilogue epilogue);

    default void matmul(Tensor out, Tensor a, Tensor b) {
        matmul(out, a, b, Epilogue.NONE);
    }

    /**
     * A copy of a right operand [K, N] in a layout of this device's own, in which the product below reads it faster; null where this device
     * has none. It does not follow the operand: whoever keeps it packs again when that has changed.
     */
    default @Nullable Tensor pack(Scope scope, Tensor b) {
        return null;
    }

    /** The same product; reads {@code packed}, which {@link #pack} made of {@code b}, instead of {@code b} where that is faster. */
    default void matmul(Tensor out, Tensor a, Tensor b, @Nullable Tensor packed, Epilogue epilogue) {
        matmul(out, a, b, epilogue);
    }

    enum Activation {
        NONE,
        GELU
    }

    /**
     * What happens to the product before it is stored. Bias [N], or [batches, N] of its own for each matrix, is in the device's float
     * type; residual has the shape of the output.
     */
    record Epilogue(
            @Nullable Tensor bias,
            Activation activation,
            @Nullable Tensor residual,
            boolean accumulate) {
        public static final Epilogue NONE = new Epilogue(null, Activation.NONE, null, false);
        public static final Epilogue ACCUMULATE = new Epilogue(null, Activation.NONE, null, true);

        /** That of one matrix of a batch. */
        public Epilogue of(int batch) {
            return new Epilogue(
                    bias == null || bias.rank() == 1 ? bias : bias.select(0, batch),
                    activation,
                    residual == null ? null : residual.select(0, batch),
                    accumulate);
        }

        public static Epilogue bias(@Nullable Tensor bias) {
            return bias == null ? NONE : new Epilogue(bias, Activation.NONE, null, false);
        }
    }
}

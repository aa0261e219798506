package org.s2d.check.kernels;

import static org.s2d.check.kernels.Operand.Role.READ;
import static org.s2d.check.kernels.Operand.Role.WRITTEN;

import java.util.List;
import org.s2d.device.Products.Activation;
import org.s2d.device.Products.Epilogue;
import org.s2d.device.cuda.CudaDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/** What all others are measured against, a large copy and large products; and the products of the model. */
final class ProductCases {
    static final String COPY = "ceiling: copy";
    static final String PRODUCT = "ceiling: product";

    private static final int CHECKED_ROWS = 2;

    private ProductCases() {}

    static List<KernelCase> ceilings(Sizes s) {
        int columns = 1 << 10;
        KernelCase copy = KernelCase.of(COPY, DType.F32)
                .activation("x", READ, s.copy() / columns, columns)
                .activation("y", WRITTEN, s.copy() / columns, columns)
                .checkedRows(CHECKED_ROWS)
                .run((device, t) -> {
                    Tensor to = t.get("y");
                    Tensor from = t.get("x");
                    if (device instanceof CudaDevice cuda) {
                        long bytes = to.numel() * to.dtype().bytes();
                        cuda.context()
                                .driver()
                                .copyOnDevice(to.address(), from.address(), bytes, cuda.context().stream());
                    } else {
                        device.elementwise().copy(to, from);
                    }
                });
        return List.of(
                copy,
                product(PRODUCT, DType.BF16, s.ceiling(), s.ceiling(), s.ceiling()),
                product(PRODUCT, DType.F32, s.ceiling(), s.ceiling(), s.ceiling()),
                product(PRODUCT, DType.F16, s.ceiling(), s.ceiling(), s.ceiling()));
    }

    /** Of a block of the encoder and of an adapter; the gradient of the activations is the same product the other way round. */
    static List<KernelCase> ofModel(Sizes s, DType type) {
        int rows = s.rows();
        return List.of(
                linear("product: attention.qkv", type, rows, s.width(), 3 * s.width(), Activation.NONE),
                linear("product: mlp.fc1 with GELU", type, rows, s.width(), s.hidden(), Activation.GELU),
                linear("product: mlp.fc2", type, rows, s.hidden(), s.width(), Activation.NONE),
                linear(
                        "product: adapter.fc1 with GELU",
                        type,
                        s.images() * s.patches(),
                        s.width(),
                        s.adapter(),
                        Activation.GELU),
                product("product: gradient of mlp.fc1", type, rows, s.hidden(), s.width()));
    }

    private static KernelCase product(String name, DType type, int rows, int inner, int columns) {
        return KernelCase.of(name, type)
                .activation("a", READ, rows, inner)
                .activation("out", WRITTEN, rows, columns)
                .checkedRows(CHECKED_ROWS)
                .activation("b", READ, inner, columns)
                .flops(2.0 * rows * inner * columns)
                .run((device, t) -> device.products().matmul(t.get("out"), t.get("a"), t.get("b")));
    }

    private static KernelCase linear(String name, DType type, int rows, int inner, int columns, Activation activation) {
        return KernelCase.of(name, type)
                .activation("x", READ, rows, inner)
                .activation("y", WRITTEN, rows, columns)
                .checkedRows(CHECKED_ROWS)
                .activation("weight", READ, columns, inner)
                .plain("bias", READ, columns)
                .flops(2.0 * rows * inner * columns)
                .run((device, t) -> device.products()
                        .matmul(
                                t.get("y"),
                                t.get("x"),
                                t.get("weight").transpose(0, 1),
                                new Epilogue(t.get("bias"), activation, null, false)));
    }
}

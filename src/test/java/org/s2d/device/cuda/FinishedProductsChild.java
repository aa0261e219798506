package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.s2d.device.Products.Activation;
import org.s2d.device.Products.Epilogue;
import org.s2d.device.cuda.lib.CudaLibraries;
import org.s2d.device.cuda.lib.CudaLibrary;
import org.s2d.device.natives.Machine;
import org.s2d.device.natives.NativeLibrary;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Storage;
import org.s2d.tensor.Tensor;

/** The products by cuBLAS, and what cuBLASLt finishes in place. */
class FinishedProductsChild extends CublasProductsChild {
    private static final long WORKSPACE = 1 << 20;

    private static NativeLibrary library() {
        return NativeLibrary.open(CudaLibraries.find(Machine.ofProcess())
                .require(CudaLibrary.CUBLAS_LT)
                .path());
    }

    /** Whether cuBLASLt took the product; its result is compared when it did. */
    private boolean takes(Scope host, Pair out, Pair a, Pair b, @Nullable Pair bias, @Nullable Pair addend) {
        Storage workspace = device.context().pool().allocate(WORKSPACE);
        try (FinishedProducts products =
                new FinishedProducts(stream(), new CublasLt(library()), workspace, WORKSPACE)) {
            boolean taken =
                    products.multiply(out.onDevice(), a.onDevice(), b.onDevice(), onDevice(bias), onDevice(addend));
            if (taken) {
                Tensor biasOnHost = bias == null ? null : bias.host();
                Tensor addendOnHost = addend == null ? null : addend.host();
                Epilogue epilogue = new Epilogue(biasOnHost, Activation.NONE, addendOnHost, false);
                reference.products().matmul(out.host(), a.host(), b.host(), epilogue);
                assertClose(host, out);
            }
            return taken;
        } finally {
            workspace.release();
        }
    }

    private long stream() {
        CudaContext context = device.context();
        return ((JcudaDriver) context.driver()).streamAddress(context.stream());
    }

    private static @Nullable Tensor onDevice(@Nullable Pair pair) {
        return pair == null ? null : pair.onDevice();
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void biasAndResidualAreAddedInPlace(DType type) {
        try (Scope host = new Scope(pool);
                Scope scope = new Scope(device.allocator())) {
            Pair a = draw(host, scope, 1, type, 9, 20);
            Pair b = draw(host, scope, 2, type, 14, 20).transposed();
            Pair bias = draw(host, scope, 3, type, 14);
            Pair residual = draw(host, scope, 4, type, 9, 14);
            Pair out = draw(host, scope, 5, type, 9, 14);
            assertThat(takes(host, out, a, b, null, null)).isTrue();
            assertThat(takes(host, out, a, b, bias, null)).isTrue();
            assertThat(takes(host, out, a, b, null, residual)).isTrue();
            assertThat(takes(host, out, a, b, bias, residual)).isTrue();
        }
    }

    @Test
    void viewsAndBatchesAreReadWhereTheyLie() {
        try (Scope host = new Scope(pool);
                Scope scope = new Scope(device.allocator())) {
            Pair a = draw(host, scope, 1, DType.BF16, 3, 9, 31).narrow(2, 1, 20);
            Pair b = draw(host, scope, 2, DType.BF16, 1, 20, 14);
            Pair bias = draw(host, scope, 3, DType.BF16, 30).narrow(0, 3, 14);
            Pair addend = draw(host, scope, 4, DType.BF16, 3, 9, 16).narrow(2, 2, 14);
            Pair out = draw(host, scope, 5, DType.BF16, 3, 12, 14).narrow(1, 2, 9);
            assertThat(takes(host, out, a, b, bias, addend)).isTrue();
        }
    }

    @Test
    void whatCannotBeReadInPlaceIsLeftToOthers() {
        try (Scope host = new Scope(pool);
                Scope scope = new Scope(device.allocator())) {
            Pair a = draw(host, scope, 1, DType.BF16, 9, 20);
            Pair b = draw(host, scope, 2, DType.BF16, 20, 14);
            Pair turned = draw(host, scope, 3, DType.BF16, 14, 9).transposed();
            Pair out = draw(host, scope, 5, DType.BF16, 9, 14);
            Pair wide = draw(host, scope, 6, DType.F32, 9, 14);
            assertThat(takes(host, turned, a, b, null, null)).isFalse();
            assertThat(takes(host, out, a, b, null, turned)).isFalse();
            assertThat(takes(host, out, a, b, null, wide)).isFalse();
        }
    }
}

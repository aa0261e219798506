package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.s2d.device.Products.Activation;
import org.s2d.device.Products.Epilogue;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** Products on the emulator beside the reference: batches, strides and epilogues that no layer of the catalogue has. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KernelProductsTest {
    final HostPool pool = new HostPool(HostPool.Fill.POISON);
    final ReferenceDevice reference = new ReferenceDevice(pool);
    CudaDevice device;

    @BeforeAll
    void openDevice() {
        device = open();
    }

    CudaDevice open() {
        Emulators.assumeCompiler();
        return Emulators.device(EmulatorDriver.Execution.IMMEDIATE);
    }

    @AfterAll
    void closeDevices() {
        reference.close();
        if (device != null) {
            device.close();
        }
    }

    /** The same values on the host, in double, and on the device. */
    record Pair(Tensor host, Tensor onDevice) {
        Pair narrow(int dim, int start, int length) {
            return new Pair(host.narrow(dim, start, length), onDevice.narrow(dim, start, length));
        }

        Pair transposed() {
            return new Pair(host.transpose(-2, -1), onDevice.transpose(-2, -1));
        }
    }

    /** Quarters from -2 to 2: exact in every type. */
    Pair draw(Scope hostScope, Scope scope, int seed, DType type, int... dims) {
        Tensor host = hostScope.allocate(DType.F64, Shape.of(dims));
        Random random = new Random(seed);
        for (int i = 0; i < host.numel(); i++) {
            host.setDouble(i, (random.nextInt(17) - 8) / 4.0);
        }
        Tensor onDevice = scope.allocate(type, Shape.of(dims));
        device.upload(onDevice, host);
        return new Pair(host, onDevice);
    }

    void assertClose(Scope hostScope, Pair result) {
        Tensor actual = hostScope.allocate(DType.F64, result.host.shape());
        device.download(actual, result.onDevice);
        double limit = switch (result.onDevice.dtype()) {
            case BF16 -> 0x1p-8;
            case F16 -> 0x1p-11;
            default -> 0x1p-20;
        };
        for (int i = 0; i < actual.numel(); i++) {
            double expected = result.host.getDouble(i);
            assertThat(Math.abs(actual.getDouble(i) - expected))
                    .as("element %d, expected %s", i, expected)
                    .isLessThanOrEqualTo(limit * Math.max(1, Math.abs(expected)));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void batchesWithASharedOperandAndEveryEpilogue(DType type) {
        try (Scope host = new Scope(pool);
                Scope scope = new Scope(device.allocator())) {
            Pair a = draw(host, scope, 1, type, 3, 10, 40);
            Pair b = draw(host, scope, 2, type, 1, 70, 40).transposed();
            Pair bias = draw(host, scope, 3, DType.F32, 70);
            Pair residual = draw(host, scope, 4, type, 3, 70, 10).transposed();
            Pair out = draw(host, scope, 5, type, 3, 10, 70);
            device.products()
                    .matmul(
                            out.onDevice,
                            a.onDevice,
                            b.onDevice,
                            new Epilogue(bias.onDevice, Activation.GELU, residual.onDevice, true));
            reference
                    .products()
                    .matmul(out.host, a.host, b.host, new Epilogue(bias.host, Activation.GELU, residual.host, true));
            assertClose(host, out);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void sumsOfAnotherLibraryAreFinished(DType type) {
        try (Scope host = new Scope(pool);
                Scope scope = new Scope(device.allocator());
                KernelProducts products = new KernelProducts(device.context())) {
            Pair a = draw(host, scope, 1, type, 2, 5, 8);
            Pair b = draw(host, scope, 2, type, 2, 8, 30);
            Pair bias = draw(host, scope, 3, DType.F32, 30);
            Pair residual = draw(host, scope, 4, type, 2, 5, 30);
            Pair out = draw(host, scope, 5, type, 2, 5, 30);
            Tensor sums = scope.allocate(DType.F32, Shape.of(2, 5, 30));
            products.multiply(sums, a.onDevice, b.onDevice, Epilogue.NONE);
            products.finish(out.onDevice, sums, new Epilogue(bias.onDevice, Activation.GELU, residual.onDevice, false));
            reference
                    .products()
                    .matmul(out.host, a.host, b.host, new Epilogue(bias.host, Activation.GELU, residual.host, false));
            assertClose(host, out);
        }
    }

    @Test
    void operandsOfTwoTypesAreRefused() {
        try (Scope host = new Scope(pool);
                Scope scope = new Scope(device.allocator())) {
            Pair a = draw(host, scope, 1, DType.BF16, 2, 3);
            Pair b = draw(host, scope, 2, DType.F16, 3, 2);
            Tensor out = scope.allocate(DType.F32, Shape.of(2, 2));
            assertThatThrownBy(() -> device.products().matmul(out, a.onDevice, b.onDevice))
                    .isInstanceOf(ShapeException.class)
                    .hasMessageContaining("BF16 x F16 to F32 is not supported");
        }
    }
}

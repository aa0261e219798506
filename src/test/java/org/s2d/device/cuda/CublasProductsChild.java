package org.s2d.device.cuda;

/** The same products by cuBLAS. */
class CublasProductsChild extends KernelProductsTest {
    @Override
    CudaDevice open() {
        return StandInGpu.open();
    }
}

package org.s2d.device.cuda;

import java.util.function.Function;
import org.s2d.device.cuda.lib.CudaLibraries;
import org.s2d.device.cuda.lib.CudaLibrary;
import org.s2d.device.cuda.lib.JCudaNatives;
import org.s2d.device.natives.NativeLibrary;

/**
 * The first visible GPU. Only the driver must be there; matrix products are cuBLAS's and dense convolutions cuDNN's where
 * those are, too.
 */
final class GpuBackend implements Backend {
    private final CudaLibraries libraries;
    private final JCudaNatives natives;
    private final JcudaDriver driver;
    private final KernelImages images;

    /** Throws a {@link org.s2d.device.DeviceException} that says what is missing. */
    GpuBackend(CudaLibraries libraries, Function<JcudaDriver, KernelImages> images) {
        this.libraries = libraries;
        natives = new JCudaNatives(libraries);
        natives.loadDriver();
        driver = new JcudaDriver();
        this.images = images.apply(driver);
    }

    @Override
    public Driver driver() {
        return driver;
    }

    @Override
    public KernelImages images() {
        return images;
    }

    @Override
    public DevicePool.Reuse reuse() {
        return DevicePool.Reuse.CACHE;
    }

    @Override
    public MatrixProducts products(CudaContext context) {
        if (libraries.get(CudaLibrary.CUBLAS).isEmpty()) {
            return new KernelProducts(context);
        }
        natives.loadCublas();
        NativeLibrary lt =
                NativeLibrary.open(libraries.require(CudaLibrary.CUBLAS_LT).path());
        return new CublasProducts(context, driver, lt, libraries.cudaMajor());
    }

    /** cuDNN cannot do without cuBLASLt. */
    @Override
    public DenseConv2d convolutions(CudaContext context) {
        if (libraries.get(CudaLibrary.CUDNN).isEmpty()
                || libraries.get(CudaLibrary.CUBLAS_LT).isEmpty()) {
            return DenseConv2d.NONE;
        }
        natives.loadCudnn();
        return new CudnnConv2d(context, driver.runtimeStream(context.stream()));
    }
}

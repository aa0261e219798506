package org.s2d.device.cuda;

import static jcuda.driver.JCudaDriver.cuCtxSetCurrent;
import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuDeviceGetAttribute;
import static jcuda.driver.JCudaDriver.cuDeviceGetCount;
import static jcuda.driver.JCudaDriver.cuDeviceGetName;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRelease;
import static jcuda.driver.JCudaDriver.cuDevicePrimaryCtxRetain;
import static jcuda.driver.JCudaDriver.cuDeviceTotalMem;
import static jcuda.driver.JCudaDriver.cuDriverGetVersion;
import static jcuda.driver.JCudaDriver.cuInit;

import java.nio.charset.StandardCharsets;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;

/**
 * The first GPU that CUDA_VISIBLE_DEVICES leaves to be seen, and the context that all libraries of the process share on it. A
 * thread has to make it current before it calls the driver.
 */
final class PrimaryContext implements AutoCloseable {
    /** The first driver that has every function we call. */
    private static final int OLDEST_DRIVER = 12000;
    /** The first GPUs with asynchronous copies and tensor cores for BF16. */
    private static final int OLDEST_MAJOR = 8;

    private static final int MAX_NAME = 256;

    private final DriverStatus status;
    private final CUdevice device = new CUdevice();
    private final CUcontext context = new CUcontext();
    private final int version;
    private final DeviceProperties properties;
    private @Nullable Thread current;

    PrimaryContext(DriverStatus status) {
        this.status = status;
        // Before anything else: a function that an older driver lacks would end the process.
        version = readVersion();
        if (version < OLDEST_DRIVER) {
            throw new DeviceException(
                    "cuda: the driver is for CUDA %d.%d; %d.0 or later is needed. Install a newer driver."
                            .formatted(version / 1000, version % 1000 / 10, OLDEST_DRIVER / 1000));
        }
        status.require(cuInit(0), "start the driver (cuInit); nvidia-smi must list a GPU");
        int[] count = new int[1];
        status.require(cuDeviceGetCount(count), "count the GPUs");
        if (count[0] == 0) {
            throw new DeviceException(
                    "cuda: the driver sees no GPU. nvidia-smi must list one, and CUDA_VISIBLE_DEVICES must not hide"
                            + " it.");
        }
        status.require(cuDeviceGet(device, 0), "take the first GPU");
        properties = read();
        if (properties.major() < OLDEST_MAJOR) {
            throw new DeviceException("cuda: %s has compute capability %d.%d; %d.0 or later is needed"
                    .formatted(properties.name(), properties.major(), properties.minor(), OLDEST_MAJOR));
        }
        status.require(cuDevicePrimaryCtxRetain(context, device), "make a context on", properties.name());
        makeCurrent();
    }

    private int readVersion() {
        int[] version = new int[1];
        status.require(cuDriverGetVersion(version), "ask the driver for its version");
        return version[0];
    }

    private DeviceProperties read() {
        byte[] name = new byte[MAX_NAME];
        long[] bytes = new long[1];
        status.require(cuDeviceGetName(name, MAX_NAME, device), "ask for the GPU's name");
        status.require(cuDeviceTotalMem(bytes, device), "ask for the GPU's memory");
        return new DeviceProperties(
                new String(name, StandardCharsets.UTF_8).replaceFirst("\0.*", ""),
                attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
                attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
                attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
                attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK),
                attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
                bytes[0]);
    }

    private int attribute(int which) {
        int[] value = new int[1];
        status.require(cuDeviceGetAttribute(value, which, device), "ask for", CUdevice_attribute.stringFor(which));
        return value[0];
    }

    /** What {@code cuDriverGetVersion} says. */
    int version() {
        return version;
    }

    DeviceProperties properties() {
        return properties;
    }

    /** Lets the calling thread use the GPU; costs nothing when it did last time. */
    void makeCurrent() {
        if (current != Thread.currentThread()) {
            status.require(cuCtxSetCurrent(context), "use the GPU's context");
            current = Thread.currentThread();
        }
    }

    @Override
    public void close() {
        status.requireUnlessLost(cuDevicePrimaryCtxRelease(device), "release the GPU's context");
    }
}

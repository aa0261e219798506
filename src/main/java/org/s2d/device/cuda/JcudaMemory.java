package org.s2d.device.cuda;

import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemFreeHost;
import static jcuda.driver.JCudaDriver.cuMemGetInfo;
import static jcuda.driver.JCudaDriver.cuMemHostAlloc;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoHAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemsetD8Async;

import java.lang.foreign.MemorySegment;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.s2d.device.cuda.Driver.MemoryInfo;

/**
 * Device and pinned memory of the current context. Blocks are the driver's plain ones: the pool above keeps them, so that a step
 * asks for none.
 */
final class JcudaMemory {
    private final DriverStatus status;

    JcudaMemory(DriverStatus status) {
        this.status = status;
    }

    MemoryInfo info() {
        long[] free = new long[1];
        long[] total = new long[1];
        status.require(cuMemGetInfo(free, total), "ask for free memory");
        return new MemoryInfo(free[0], total[0]);
    }

    long allocate(long bytes) {
        DeviceAddress address = new DeviceAddress();
        int result = cuMemAlloc(address, Math.max(1, bytes));
        if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw new OutOfDeviceMemory("out of memory: asked for " + bytes + " bytes");
        }
        status.require(result, "allocate", bytes, "bytes");
        return address.value();
    }

    void free(long address) {
        status.requireUnlessLost(cuMemFree(at(address)), "free memory");
    }

    @SuppressWarnings("restricted") // the driver says where it lies
    MemorySegment allocateHost(long bytes) {
        DeviceAddress address = new DeviceAddress();
        status.require(cuMemHostAlloc(address, Math.max(1, bytes), 0), "allocate", bytes, "bytes of pinned memory");
        return MemorySegment.ofAddress(address.value()).reinterpret(bytes);
    }

    void freeHost(MemorySegment pinned) {
        status.requireUnlessLost(cuMemFreeHost(at(pinned.address())), "free pinned memory");
    }

    void fill(long address, byte value, long bytes, CUstream stream) {
        if (bytes > 0) {
            status.require(cuMemsetD8Async(at(address), value, bytes, stream), "fill", bytes, "bytes");
        }
    }

    void copyToDevice(long to, MemorySegment from, CUstream stream) {
        long bytes = from.byteSize();
        if (bytes > 0) {
            status.require(cuMemcpyHtoDAsync(at(to), at(from), bytes, stream), "copy", bytes, "bytes to the GPU");
        }
    }

    void copyToHost(MemorySegment to, long from, CUstream stream) {
        long bytes = to.byteSize();
        if (bytes > 0) {
            status.require(cuMemcpyDtoHAsync(at(to), at(from), bytes, stream), "copy", bytes, "bytes from the GPU");
        }
    }

    void copyOnDevice(long to, long from, long bytes, CUstream stream) {
        if (bytes > 0) {
            status.require(cuMemcpyDtoDAsync(at(to), at(from), bytes, stream), "copy", bytes, "bytes on the GPU");
        }
    }

    private static DeviceAddress at(long address) {
        return new DeviceAddress(address);
    }

    private static DeviceAddress at(MemorySegment memory) {
        if (!memory.isNative()) {
            throw new IllegalArgumentException("the driver cannot reach the Java heap");
        }
        return new DeviceAddress(memory.address());
    }
}

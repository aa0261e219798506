package org.s2d.device.cuda;

import java.util.Arrays;
import java.util.stream.Collectors;
import jcuda.driver.CUresult;
import org.s2d.device.DeviceException;

/** What the driver's functions return, as one line: what was asked and the error's name. */
final class DriverStatus {
    private boolean lost;
    private String lastKernel = "none";

    /** Remembers a kernel: errors of kernels show later. */
    void launched(String kernel) {
        lastKernel = kernel;
    }

    /** Throws unless a call succeeded. {@code what}: what it should have done, word by word. */
    void require(int status, Object... what) {
        if (status != CUresult.CUDA_SUCCESS) {
            throw failure(status, what);
        }
    }

    /** For giving something back: once a kernel failed, which was reported, there is nothing left to give back. */
    void requireUnlessLost(int status, String what) {
        if (!lost) {
            require(status, what);
        }
    }

    private DeviceException failure(int status, Object... what) {
        boolean kernelFailed = isKernels(status);
        lost |= kernelFailed;
        String asked = Arrays.stream(what).map(String::valueOf).collect(Collectors.joining(" "));
        String error = "cuda: " + asked + ": " + CUresult.stringFor(status);
        return new DeviceException(
                kernelFailed
                        ? error + ": a kernel failed, the last one launched was " + lastKernel
                                + ". Start again with CUDA_LAUNCH_BLOCKING=1 in the environment to see which."
                        : error);
    }

    /** Errors of work on the GPU; from then on every call returns the same. */
    private static boolean isKernels(int status) {
        return switch (status) {
            case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
                    CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
                    CUresult.CUDA_ERROR_ASSERT,
                    CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
                    CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
                    CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
                    CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE,
                    CUresult.CUDA_ERROR_INVALID_PC,
                    CUresult.CUDA_ERROR_LAUNCH_FAILED -> true;
            default -> false;
        };
    }
}

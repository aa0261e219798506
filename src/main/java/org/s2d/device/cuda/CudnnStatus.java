package org.s2d.device.cuda;

import jcuda.jcudnn.JCudnn;
import org.s2d.device.DeviceException;

/** What cuDNN's functions return, as of version 9: JCuda knows the numbers of older ones. */
final class CudnnStatus {
    private static final int FIRST_NOT_SUPPORTED = 3000;
    private static final int LAST_NOT_SUPPORTED = 3999;

    private CudnnStatus() {}

    /** Throws unless a call succeeded. */
    static void require(int status, String what) {
        if (status != 0) {
            throw new DeviceException("cuda: " + what + ": cuDNN says " + JCudnn.cudnnGetErrorString(status));
        }
    }

    /** True when a call succeeded, false when cuDNN does not do what was asked; throws for everything else. */
    static boolean supported(int status, String what) {
        if (status >= FIRST_NOT_SUPPORTED && status <= LAST_NOT_SUPPORTED) {
            return false;
        }
        require(status, what);
        return true;
    }
}

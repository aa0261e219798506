package org.s2d.device.cuda;

import jcuda.driver.CUstream;

/** A stream that tells its address, for functions that JCuda does not bind. */
final class DeviceStream extends CUstream {
    long address() {
        return getNativePointer();
    }
}

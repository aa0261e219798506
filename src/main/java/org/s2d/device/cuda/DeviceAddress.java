package org.s2d.device.cuda;

import jcuda.driver.CUdeviceptr;

/** An address, of device or of pinned memory, as JCuda takes and returns it. */
final class DeviceAddress extends CUdeviceptr {
    private static final CUdeviceptr NULL = new CUdeviceptr();

    /** To be filled in by an allocation. */
    DeviceAddress() {}

    DeviceAddress(long address) {
        super(NULL, address);
    }

    long value() {
        return getNativePointer() + getByteOffset();
    }
}

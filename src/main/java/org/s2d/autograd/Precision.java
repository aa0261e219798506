package org.s2d.autograd;

import org.s2d.device.Device;
import org.s2d.tensor.DType;

/** In which type matrix products and the activations between them are computed; accumulation is always F32 or better. */
public enum Precision {
    FP32,
    BF16,
    FP16;

    /** The compute type on a device; the reference device computes in F64 whatever was asked. */
    public DType computeType(Device device) {
        if (device.floatType() == DType.F64) {
            return DType.F64;
        }
        return switch (this) {
            case FP32 -> DType.F32;
            case BF16 -> DType.BF16;
            case FP16 -> DType.F16;
        };
    }
}

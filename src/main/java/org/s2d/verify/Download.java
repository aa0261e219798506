package org.s2d.verify;

import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** Copies results to the host in F64 (integers as they are), where they stay until the case is done. */
record Download(Device device, Scope host) {
    Tensor of(Tensor tensor) {
        Tensor copy = host.allocate(tensor.dtype() == DType.I64 ? DType.I64 : DType.F64, tensor.shape());
        device.download(copy, tensor);
        return copy;
    }
}

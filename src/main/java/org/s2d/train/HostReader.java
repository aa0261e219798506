package org.s2d.train;

import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** Reads results of a device as numbers. */
final class HostReader implements AutoCloseable {
    private final Device device;
    private final HostPool pool = new HostPool();

    HostReader(Device device) {
        this.device = device;
    }

    double scalar(Tensor tensor) {
        return values(tensor)[0];
    }

    double[] values(Tensor tensor) {
        try (Scope scope = new Scope(pool)) {
            Tensor host = scope.allocate(DType.F64, tensor.shape());
            device.download(host, tensor);
            return host.toDoubles();
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}

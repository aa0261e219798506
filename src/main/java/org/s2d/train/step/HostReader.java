package org.s2d.train.step;

import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** Reads results of a device as numbers. */
public final class HostReader implements AutoCloseable {
    private final Device device;
    private final HostPool pool = new HostPool();

    public HostReader(Device device) {
        this.device = device;
    }

    /** All numbers of a tensor, row by row. */
    public double[] values(Tensor tensor) {
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

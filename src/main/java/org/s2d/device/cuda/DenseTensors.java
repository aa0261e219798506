package org.s2d.device.cuda;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Elementwise;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** Contiguous stand-ins of one call's tensors, for kernels that take no strides; results are written back by {@link #finish}. */
final class DenseTensors implements AutoCloseable {
    private final Scope scope;
    private final Elementwise elementwise;
    private final List<Runnable> results = new ArrayList<>();

    DenseTensors(CudaContext context, Elementwise elementwise) {
        scope = context.scope();
        this.elementwise = elementwise;
    }

    Tensor in(Tensor tensor) {
        if (tensor.isContiguous()) {
            return tensor;
        }
        Tensor copy = scope.allocate(tensor.dtype(), tensor.shape());
        elementwise.copy(copy, tensor);
        return copy;
    }

    @Nullable
    Tensor inOrNull(@Nullable Tensor tensor) {
        return tensor == null ? null : in(tensor);
    }

    Tensor out(Tensor tensor) {
        if (tensor.isContiguous()) {
            return tensor;
        }
        Tensor copy = scope.allocate(tensor.dtype(), tensor.shape());
        results.add(() -> elementwise.copy(tensor, copy));
        return copy;
    }

    void finish() {
        results.forEach(Runnable::run);
    }

    @Override
    public void close() {
        scope.close();
    }
}

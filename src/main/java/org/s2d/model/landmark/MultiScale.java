package org.s2d.model.landmark;

import org.s2d.device.Device;
import org.s2d.device.Elementwise;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** The computation of {@link Layer.Scales}. */
final class MultiScale {
    private MultiScale() {}

    static Tensor apply(Layer.Scales layer, Scope out, Tensor in) {
        Device device = layer.device();
        try (Scope inner = new Scope(out.allocator())) {
            Tensor half = layer.middle().apply(inner, in);
            Tensor point = layer.coarse().apply(inner, half);
            int fine = in.dim(1);
            int middle = half.dim(1);
            int coarse = point.dim(1);
            Tensor result = out.allocate(device.floatType(), Shape.of(in.dim(0), fine + middle + coarse));
            put(device, result, 0, mean(device, inner, in));
            put(device, result, fine, mean(device, inner, half));
            put(device, result, fine + middle, point.reshape(in.dim(0), coarse));
            return result;
        }
    }

    private static void put(Device device, Tensor result, int start, Tensor part) {
        device.elementwise().copy(result.narrow(1, start, part.dim(1)), part);
    }

    private static Tensor mean(Device device, Scope scope, Tensor in) {
        Elementwise kernels = device.elementwise();
        int positions = in.dim(2) * in.dim(3);
        Tensor sums = scope.allocate(device.floatType(), Shape.of(in.dim(0), in.dim(1), 1));
        kernels.sumTo(sums, in.reshape(in.dim(0), in.dim(1), positions));
        kernels.scale(sums, sums, 1.0 / positions);
        return sums.reshape(in.dim(0), in.dim(1));
    }
}

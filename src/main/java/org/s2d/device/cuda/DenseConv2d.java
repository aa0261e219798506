package org.s2d.device.cuda;

import org.s2d.device.Conv2dShape;
import org.s2d.tensor.Tensor;

/**
 * A library's convolutions, without what may follow them. All tensors are F32, contiguous and not empty. Every method returns
 * false, having done nothing, when the library does not take the case: then our own kernels do.
 */
interface DenseConv2d extends AutoCloseable {
    boolean forward(Tensor out, Tensor in, Tensor weight, Conv2dShape shape);

    boolean backwardInput(Tensor gradIn, Tensor gradOut, Tensor weight, Conv2dShape shape);

    boolean backwardWeight(Tensor gradWeight, Tensor gradOut, Tensor in, Conv2dShape shape);

    @Override
    void close();

    /** No library. */
    DenseConv2d NONE = new DenseConv2d() {
        @Override
        public boolean forward(Tensor out, Tensor in, Tensor weight, Conv2dShape shape) {
            return false;
        }

        @Override
        public boolean backwardInput(Tensor gradIn, Tensor gradOut, Tensor weight, Conv2dShape shape) {
            return false;
        }

        @Override
        public boolean backwardWeight(Tensor gradWeight, Tensor gradOut, Tensor in, Conv2dShape shape) {
            return false;
        }

        @Override
        public void close() {}
    };
}

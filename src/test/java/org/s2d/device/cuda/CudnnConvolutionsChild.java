package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import jcuda.runtime.cudaStream_t;
import org.junit.jupiter.api.Test;
import org.s2d.device.Conv2dShape;
import org.s2d.device.Convolutions.Conv2dOptions;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** The same convolutions, those in F32 by cuDNN. */
class CudnnConvolutionsChild extends CudaConvolutionsTest {
    @Override
    CudaDevice open() {
        return StandInGpu.open();
    }

    @Test
    void cudnnTakesWhatItSupportsAndNothingElse() {
        try (CudaDevice device = open();
                Scope scope = new Scope(device.allocator());
                CudnnConv2d cudnn = new CudnnConv2d(device.context(), stream(device))) {
            assertThat(takes(cudnn, scope, 1)).containsExactly(true, true, true);
            assertThat(takes(cudnn, scope, 2)).containsExactly(true, true, true);
            assertThat(takes(cudnn, scope, 3)).containsExactly(false, false, false);
        }
    }

    private static cudaStream_t stream(CudaDevice device) {
        return ((JcudaDriver) device.context().driver()).runtimeStream(device.context().stream());
    }

    private static boolean[] takes(CudnnConv2d cudnn, Scope scope, int groups) {
        Tensor in = scope.allocate(DType.F32, Shape.of(2, 6, 5, 7));
        Tensor weight = scope.allocate(DType.F32, Shape.of(12, 6 / groups, 3, 3));
        Conv2dShape shape = Conv2dShape.of(in.shape(), weight.shape(), Conv2dOptions.of(1, 1, groups));
        Tensor out = scope.allocate(DType.F32, shape.outShape());
        return new boolean[] {
            cudnn.forward(out, in, weight, shape),
            cudnn.backwardInput(in, out, weight, shape),
            cudnn.backwardWeight(weight, out, in, shape)
        };
    }
}

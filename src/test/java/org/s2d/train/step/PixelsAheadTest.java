package org.s2d.train.step;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

class PixelsAheadTest {
    private static final Shape SHAPE = Shape.of(1, 1, 1, 2, 3);

    private static Tensor pixels(Scope scope, Shape shape, int value) {
        Tensor tensor = scope.allocate(DType.U8, shape);
        tensor.data().fill((byte) value);
        return tensor;
    }

    @Test
    void whatWasCopiedLastIsKnownAndWhatIsStillReadStays() {
        HostPool pool = new HostPool(HostPool.Fill.POISON);
        try (CpuDevice device = new CpuDevice(pool, 1);
                Scope scope = new Scope(pool)) {
            PixelsAhead ahead = new PixelsAhead(device, scope, SHAPE);
            Tensor first = pixels(scope, SHAPE, 1);
            ahead.start(first);
            assertThat(ahead.arrived(first)).as("in the first step").isNull();
            ahead.start(first);
            assertThat(ahead.arrived(pixels(scope, SHAPE, 1))).as("others").isNull();
            ahead.start(first);
            Tensor read = ahead.arrived(first);
            Tensor second = pixels(scope, SHAPE, 2);
            ahead.start(second);
            assertThat(read)
                    .isNotNull()
                    .satisfies(tensor -> assertThat(tensor.toDoubles()).containsOnly(1));
            assertThat(ahead.arrived(second))
                    .isNotNull()
                    .satisfies(tensor -> assertThat(tensor.toDoubles()).containsOnly(2));
            Tensor wider = pixels(scope, Shape.of(1, 1, 1, 3, 3), 3);
            ahead.start(wider);
            assertThat(ahead.arrived(wider)).as("of another shape").isNull();
        }
    }
}

package org.s2d.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.ops.Activations;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

class TapeMemoryTest {
    private static final int LAYERS = 4;
    private static final int SIZE = 1 << 16;

    @Test
    void whatAnOperationKeptGoesAsSoonAsItsGradientIsThere() {
        HostPool pool = new HostPool();
        List<Long> live = new ArrayList<>();
        try (CpuDevice device = new CpuDevice(pool, 1);
                Scope scope = new Scope(pool);
                Tape tape = Tape.evaluating(device, Precision.FP32, Gradients.RECORD)) {
            Tensor in = scope.allocate(DType.F32, Shape.of(SIZE));
            device.elementwise().fill(in, 0.5);
            Var x;
            try (Tape.Frame frame = tape.frame()) {
                x = tape.input(in, true);
                for (int i = 0; i < LAYERS; i++) {
                    Var input = x;
                    Var watched = tape.record("watch", input.value(), List.of(), grad -> {
                        live.add(pool.liveBytes());
                        tape.accumulate(input, grad);
                    });
                    x = Activations.gelu(tape, watched);
                }
                frame.keep(x);
            }
            Tensor grad = scope.allocate(DType.F32, Shape.of(SIZE));
            device.elementwise().fill(grad, 1);
            tape.backward(List.of(x), List.of(grad));
        }
        assertThat(live).hasSize(LAYERS);
        for (int i = 1; i < LAYERS - 1; i++) {
            assertThat(live.get(i - 1) - live.get(i)).as("layer %d", i).isEqualTo(4L * SIZE);
        }
    }
}

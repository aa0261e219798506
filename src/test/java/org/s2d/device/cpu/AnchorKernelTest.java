package org.s2d.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.s2d.LeakCheckedPool;
import org.s2d.SharedData;
import org.s2d.device.Losses;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.weights.Checkpoint;

class AnchorKernelTest {
    @RegisterExtension
    final LeakCheckedPool memory = new LeakCheckedPool();

    @ParameterizedTest
    @CsvSource({"7, 1, 4", "7, 2, 16", "11, 4, 4", "11, 2, 16"})
    void softTargetsAreThoseOfTheRelease(int classes, int k, int size) {
        Path file = SharedData.require("reference/sdl/sdl.safetensors");
        String prefix = "nc" + classes + "_k" + k + "_s" + size + "/";
        try (Checkpoint checkpoint = Checkpoint.open(file);
                Workers workers = new Workers(2);
                Scope scope = new Scope(memory.pool())) {
            Tensor feature = checkpoint.load(prefix + "x.0", scope);
            Tensor exact = checkpoint.load(prefix + "f64.soft.0", scope);
            Tensor out = scope.allocate(DType.F32, Shape.of(feature.dim(0), classes));
            Losses.Anchors anchors = new Losses.Anchors(
                    checkpoint.load(prefix + "Queue.0", scope), checkpoint.load(prefix + "Probe.0", scope));
            run(new CpuLosses(workers), scope, out, feature, anchors, k);
            assertThat(out.toFloats()).isEqualTo(exact.toFloats());
        }
    }

    /** The targets alone; for logits of zero the loss is log 2. */
    private static void run(Losses losses, Scope scope, Tensor targets, Tensor feature, Losses.Anchors anchors, int k) {
        Tensor loss = scope.allocate(targets.dtype(), Shape.of(targets.dim(0)));
        Tensor logits = scope.allocate(targets.dtype(), targets.shape()).set(new float[(int) targets.numel()]);
        losses.anchorLoss(loss, targets, logits, feature, anchors, k);
        assertThat(loss.getDouble(0)).isCloseTo(Math.log(2), within(1e-7));
    }

    @Test
    void ofEqualAnchorsTheFirstCounts() {
        try (Scope scope = new Scope(memory.pool())) {
            Tensor feature = scope.allocate(DType.F64, Shape.of(1, 2)).set(1f, 0f);
            Tensor queue = scope.allocate(DType.F64, Shape.of(1, 3, 2)).set(0f, 1f, 2f, 0f, 5f, 0f);
            Tensor distribution = scope.allocate(DType.F64, Shape.of(1, 3, 1)).set(9f, 3f, 4f);
            Tensor out = scope.allocate(DType.F64, Shape.of(1, 1));
            run(new ReferenceLosses(), scope, out, feature, new Losses.Anchors(queue, distribution), 1);
            assertThat(out.getDouble(0)).isEqualTo(3);
        }
    }

    @Test
    void refusesMoreAnchorsThanThereAre() {
        try (Scope scope = new Scope(memory.pool())) {
            Tensor feature = scope.allocate(DType.F64, Shape.of(1, 2));
            Tensor queue = scope.allocate(DType.F64, Shape.of(1, 3, 2));
            Tensor distribution = scope.allocate(DType.F64, Shape.of(1, 3, 1));
            Tensor out = scope.allocate(DType.F64, Shape.of(1, 1));
            Losses.Anchors anchors = new Losses.Anchors(queue, distribution);
            assertThatThrownBy(() -> run(new ReferenceLosses(), scope, out, feature, anchors, 4))
                    .hasMessage("anchorLoss: k = 4 of 3 anchors, queue (1, 3, 2)");
        }
    }
}

package org.s2d.model.s4d;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

class S4dModelTest {
    private static S4dConfig config(double layerScale) {
        S4dConfig.Vit vit = new S4dConfig.Vit(16, 8, 4, 2, 32, 2, 4, 4, 0, layerScale);
        return new S4dConfig(vit, new S4dConfig.Experts(Set.of(1), 4, 2, 1.5, 0.25, false), 3, 5, 0);
    }

    private static double[] logits(Device device, S4dModel model, Precision precision, int... dims) {
        Random random = new Random(4);
        try (Tape tape = Tape.evaluating(device, precision, Tape.Gradients.NONE)) {
            Tensor x = tape.allocate(DType.F32, Shape.of(dims));
            float[] values = new float[(int) x.numel()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
            x.set(values);
            return model.forward(tape, tape.constant(x), RouterNoise.IN_TRAINING)
                    .logits()
                    .value()
                    .toDoubles();
        }
    }

    @Test
    void aPhotoIsAPhotoWithAndWithoutADimensionOfTime() {
        try (Device device = new CpuDevice(new HostPool(), 1);
                Scope scope = new Scope(device.allocator())) {
            S4dModel model = new S4dModel(ParameterFactory.root(device, scope, 1), config(0));
            double[] flat = logits(device, model, Precision.FP32, 2, 3, 16, 16);
            assertThat(flat).hasSize(2 * 3);
            assertThat(logits(device, model, Precision.FP32, 2, 3, 1, 16, 16)).isEqualTo(flat);
            assertThat(logits(device, model, Precision.FP32, 2, 3, 4, 16, 16)).hasSize(2 * 5);
            assertThatThrownBy(() -> logits(device, model, Precision.FP32, 2, 3, 2, 16, 16))
                    .isInstanceOf(ShapeException.class)
                    .hasMessageContaining("expected photos (B, 3, 16, 16) or clips (B, 3, 4, 16, 16)");
        }
    }

    @Test
    void aChangedExpertShowsInEveryPrecision() {
        try (Device device = new CpuDevice(new HostPool(), 1);
                Scope scope = new Scope(device.allocator())) {
            S4dModel model = new S4dModel(ParameterFactory.root(device, scope, 1), config(0));
            double[] before = logits(device, model, Precision.BF16, 2, 3, 4, 16, 16);
            for (int expert = 0; expert < 4; expert++) {
                Parameter weight = Objects.requireNonNull(
                        model.parameters().get("blocks.1.moe_layer.experts." + expert + ".fc2.weight"));
                float[] values = new float[(int) weight.value().numel()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = i % 7 - 3;
                }
                weight.value().set(values);
                weight.changed();
            }
            double[] exact = logits(device, model, Precision.FP32, 2, 3, 4, 16, 16);
            double[] rounded = logits(device, model, Precision.BF16, 2, 3, 4, 16, 16);
            assertThat(rounded).isNotEqualTo(before);
            double largest = Arrays.stream(exact).map(Math::abs).max().orElseThrow();
            for (int i = 0; i < exact.length; i++) {
                assertThat(rounded[i]).isCloseTo(exact[i], within(0.05 * largest));
                assertThat(before[i]).as("what the old copies gave").isNotCloseTo(rounded[i], within(1e-9));
            }
        }
    }

    @Test
    void aLayerScaleOfOneChangesNothing() {
        try (Device device = new CpuDevice(new HostPool(), 1);
                Scope scope = new Scope(device.allocator())) {
            S4dModel plain = new S4dModel(ParameterFactory.root(device, scope, 1), config(0));
            S4dModel scaled = new S4dModel(ParameterFactory.root(device, scope, 1), config(1));
            assertThat(scaled.parameters()).containsKeys("blocks.0.gamma_1", "blocks.1.gamma_2");
            double[] expected = logits(device, plain, Precision.FP32, 2, 3, 4, 16, 16);
            double[] found = logits(device, scaled, Precision.FP32, 2, 3, 4, 16, 16);
            for (int i = 0; i < expected.length; i++) {
                assertThat(found[i]).isCloseTo(expected[i], within(1e-5));
            }
        }
    }

    @Test
    void masksHideAsManyTokensInEverySampleAndTubesTheSamePlacesInEveryFrame() {
        Random random = new Random(2);
        Mask mask = Mask.random(random::nextInt, 3, 40, 0.9);
        assertThat(mask.hiddenTokens()).isEqualTo(36);
        Mask tube = Mask.tube(random::nextInt, 2, 4, 10, 0.75);
        assertThat(tube.hiddenTokens()).isEqualTo(4 * 7);
        for (int token = 10; token < 40; token++) {
            assertThat(tube.isHidden(1, token)).isEqualTo(tube.isHidden(1, token % 10));
        }
        boolean[][] uneven = {{true, false}, {true, true}};
        assertThatThrownBy(() -> new Mask(uneven)).hasMessageContaining("all must have as many");
    }
}

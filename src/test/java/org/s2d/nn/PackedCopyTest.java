package org.s2d.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.optim.AdamW;
import org.s2d.optim.MovingAverage;
import org.s2d.optim.ParameterGroups;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

class PackedCopyTest {
    private static final int IN = 32;
    private static final int OUT = 48;

    /** Enough for both workers to read packed copies. */
    private static final int ROWS = 256;

    private final HostPool pool = new HostPool(HostPool.Fill.POISON);
    private final CpuDevice device = new CpuDevice(pool, 2);
    private final Scope scope = new Scope(pool);
    private final Linear layer = Linear.of(ParameterFactory.root(device, scope, 1), IN, OUT, true);
    private final Parameter weight = Objects.requireNonNull(layer.parameters().get("weight"));
    private final Tensor x = scope.allocate(DType.F32, Shape.of(ROWS, IN));

    PackedCopyTest() {
        for (long i = 0; i < x.numel(); i++) {
            x.setDouble(i, Math.sin(0.37 * i));
        }
    }

    @AfterEach
    void close() {
        scope.close();
        device.close();
    }

    private @Nullable Tensor packed(Precision precision) {
        return weight.packed(precision.computeType(device), device);
    }

    private double[] output(Precision precision) {
        try (Tape tape = Tape.evaluating(device, precision, Gradients.NONE)) {
            return layer.forward(tape, tape.constant(x)).value().toDoubles();
        }
    }

    /** Of plain loops. */
    private double[] expected() {
        double[] y = new double[ROWS * OUT];
        for (int i = 0; i < y.length; i++) {
            for (int k = 0; k < IN; k++) {
                y[i] += x.getDouble((i / OUT) * IN + k) * weight.value().getDouble((i % OUT) * IN + k);
            }
        }
        return y;
    }

    private void assertOutputsFollowTheWeight(Precision precision, int passes) {
        double limit = precision == Precision.FP32 ? 1e-6 : 2e-2;
        for (int pass = 0; pass < passes; pass++) {
            assertThat(output(precision)).containsExactly(expected(), within(limit));
        }
    }

    /** Whoever writes to a weight. */
    private enum Writer {
        UPLOAD {
            @Override
            void write(Parameter weight, CpuDevice device, Scope scope) {
                float[] values = weight.value().toFloats();
                values[5] += 3;
                device.upload(weight.value(), values);
                weight.changed();
            }
        },
        AVERAGE {
            @Override
            void write(Parameter weight, CpuDevice device, Scope scope) {
                MovingAverage average = new MovingAverage(List.of(weight), 0.5, device, scope);
                device.elementwise()
                        .fill(Objects.requireNonNull(average.averages().get(weight.name())), 0.125);
                average.exchange();
            }
        },
        OPTIMISER {
            @Override
            void write(Parameter weight, CpuDevice device, Scope scope) {
                Tensor gradient = scope.allocate(DType.F32, weight.shape());
                device.elementwise().fill(gradient, 1);
                weight.accumulate(gradient, device);
                List<ParameterGroups.Group> groups = ParameterGroups.of(List.of(weight));
                new AdamW(groups, AdamW.Options.DEFAULT, device, scope).step(0.5, 0, 1);
            }
        };

        abstract void write(Parameter weight, CpuDevice device, Scope scope);
    }

    @ParameterizedTest
    @EnumSource(Writer.class)
    void aChangedWeightGivesAChangedProduct(Writer writer) {
        weight.keepPacked();
        assertOutputsFollowTheWeight(Precision.FP32, 3);
        double[] before = output(Precision.FP32);
        writer.write(weight, device, scope);
        assertThat(output(Precision.FP32)).isNotEqualTo(before);
        assertOutputsFollowTheWeight(Precision.FP32, 3);
    }

    @ParameterizedTest
    @EnumSource(names = {"FP32", "BF16"})
    void theCopyIsMadeAtTheSecondUseAndGoesWithAChange(Precision precision) {
        assertThat(packed(precision)).isNull();
        weight.keepPacked();
        assertThat(packed(precision)).isNull();
        assertThat(packed(precision)).isNotNull().isSameAs(packed(precision));
        assertOutputsFollowTheWeight(precision, 1);
        int blocks = pool.liveBlocks();
        weight.changed();
        assertThat(packed(precision)).isNull();
        assertThat(pool.liveBlocks()).isEqualTo(blocks - 1);
        long allocations = pool.systemAllocations();
        assertThat(packed(precision)).isNotNull();
        assertThat(pool.systemAllocations()).isEqualTo(allocations);
        assertOutputsFollowTheWeight(precision, 1);
    }
}

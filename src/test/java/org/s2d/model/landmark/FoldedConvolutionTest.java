package org.s2d.model.landmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.model.landmark.FoldedConvolution.Chain;
import org.s2d.model.landmark.FoldedConvolution.Slope;
import org.s2d.model.landmark.Layer.Activation;
import org.s2d.model.landmark.LayerBuilder.Size;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

class FoldedConvolutionTest {
    private static final int WIDE = 9;

    private final Random random = new Random(5);
    private final CpuDevice device = new CpuDevice(new HostPool(HostPool.Fill.POISON), 1);
    private final Scope scope = new Scope(device.allocator());
    private final LayerBuilder layers = new LayerBuilder(device, scope, new RandomWeights(1), 136);

    @AfterEach
    void close() {
        scope.close();
        device.close();
    }

    private FoldedConvolution convolution(Size size, Activation activation, Set<Integer> dead) {
        double[] weight = random.doubles(size.weightShape().numel(), -1, 1).toArray();
        double[] bias = random.doubles(size.out(), -1, 1).toArray();
        int fanIn = weight.length / size.out();
        for (int channel : dead) {
            Arrays.fill(weight, channel * fanIn, (channel + 1) * fanIn, 0);
            bias[channel] = 0;
        }
        @Nullable
        Slope slope = activation == Activation.NONE
                ? null
                : new Slope("slope", random.doubles(size.out(), 0, 1).toArray());
        return new FoldedConvolution("conv", weight, bias, slope, activation, size);
    }

    private Chain chain(Set<Integer> deadFirst, Set<Integer> deadDepthwise) {
        return new Chain(
                convolution(Size.dense(3, WIDE, 3, 2), Activation.PRELU, deadFirst),
                convolution(Size.depthwise(WIDE, 1), Activation.PRELU, deadDepthwise),
                convolution(Size.pointwise(WIDE, 4), Activation.NONE, Set.of()));
    }

    private static Chain pruned(Chain chain) {
        return FoldedConvolution.withoutDeadChannels(chain.first(), chain.depthwise(), chain.last());
    }

    private float[] result(Chain chain) {
        Tensor value = scope.allocate(DType.F32, Shape.of(2, 3, 10, 10));
        Random inputs = new Random(6);
        float[] pixels = new float[(int) value.numel()];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = inputs.nextFloat() - 0.5f;
        }
        device.upload(value, pixels);
        for (FoldedConvolution each : List.of(chain.first(), chain.depthwise(), chain.last())) {
            value = layers.upload(each).apply(scope, value);
        }
        return value.toFloats();
    }

    @Test
    void channelsThatAreAlwaysZeroGoAndTheResultStays() {
        Chain all = chain(Set.of(0, 4, 8), Set.of(0, 3, 4, 8));
        Chain fewer = pruned(all);
        assertThat(fewer.first().size().out()).isEqualTo(WIDE - 4);
        assertThat(fewer.depthwise().size().groups()).isEqualTo(WIDE - 4);
        assertThat(fewer.last().size().in()).isEqualTo(WIDE - 4);
        assertThat(result(fewer)).containsExactly(result(all));
    }

    /** A depth-wise bias makes a constant of a channel whose input is zero. */
    @Test
    void aChannelThatIsConstantStays() {
        Chain all = chain(Set.of(2, 5), Set.of());
        assertThat(pruned(all)).isEqualTo(all);
    }

    @Test
    void aChannelWithoutInputAndBiasGoes() {
        Chain all = chain(Set.of(2), Set.of());
        all.depthwise().bias()[2] = 0;
        Chain fewer = pruned(all);
        assertThat(fewer.first().size().out()).isEqualTo(WIDE - 1);
        assertThat(result(fewer)).containsExactly(result(all));
    }

    @Test
    void nothingIsLeftOutWhereAllIsZero() {
        Set<Integer> every = Set.of(0, 1, 2, 3, 4, 5, 6, 7, 8);
        assertThat(pruned(chain(every, every)).first().size().out()).isEqualTo(WIDE);
    }
}

package org.s2d.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.nn.Init;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

class AdamWTest {
    private final CpuDevice device = new CpuDevice(new HostPool(), 1);
    private final Scope scope = new Scope(device.allocator());
    private final ParameterFactory factory = ParameterFactory.root(device, scope, 1);

    @AfterEach
    void close() {
        scope.close();
        device.close();
    }

    private Parameter parameter(String name, int... dims) {
        return factory.parameter(name, Init.truncatedNormal(0.5), dims);
    }

    private AdamW optimizer(Parameter... parameters) {
        return new AdamW(ParameterGroups.of(List.of(parameters)), AdamW.Options.DEFAULT, device, scope);
    }

    private void give(Parameter parameter, double gradient) {
        Tensor tensor = scope.allocate(DType.F32, parameter.shape());
        device.elementwise().fill(tensor, gradient);
        parameter.accumulate(tensor, device);
    }

    @Test
    void aParameterWithoutGradientIsNeitherDecayedNorGivenMoments() {
        Parameter used = parameter("a.weight", 2, 3);
        Parameter unused = parameter("b.weight", 2, 3);
        float[] before = unused.value().toFloats();
        AdamW optimizer = optimizer(used, unused);
        give(used, 1);
        optimizer.step(0.1, 0.5, 1);
        assertThat(unused.value().toFloats()).isEqualTo(before);
        assertThat(optimizer.state()).containsOnlyKeys("a.weight");
    }

    @Test
    void onlyMatricesDecay() {
        assertThat(ParameterGroups.decays(parameter("x.weight", 2, 2))).isTrue();
        assertThat(ParameterGroups.decays(parameter("norm.weight", 2))).isFalse();
        assertThat(ParameterGroups.decays(parameter("x.bias", 2, 2))).isFalse();
        assertThat(ParameterGroups.decays(parameter("temporal_embedding", 1, 2, 2)))
                .isFalse();
    }

    @Test
    void frozenParametersAreInNoGroup() {
        Parameter frozen = parameter("a.weight", 2, 2);
        frozen.setRequiresGrad(false);
        assertThat(ParameterGroups.of(List.of(frozen))).isEmpty();
    }

    @Test
    void aRestoredOptimiserContinuesBitForBit() {
        Parameter first = parameter("a.weight", 5, 7);
        AdamW optimizer = optimizer(first);
        for (int step = 0; step < 5; step++) {
            optimizer.zeroGrad();
            give(first, 0.1 * step - 0.2);
            optimizer.step(0.01, 0.05, 1);
        }
        Parameter second = parameter("a.weight", 5, 7);
        device.upload(second.value(), first.value());
        AdamW resumed = optimizer(second);
        Map<String, AdamW.Moments> saved = optimizer.state();
        saved.values().forEach(resumed::restore);
        for (Parameter parameter : List.of(first, second)) {
            parameter.zeroGrad();
            give(parameter, 0.3);
        }
        optimizer.step(0.01, 0.05, 0.5);
        resumed.step(0.01, 0.05, 0.5);
        assertThat(second.value().toFloats()).isEqualTo(first.value().toFloats());
    }

    @Test
    void momentsOfAnUnknownParameterAreRefused() {
        AdamW optimizer = optimizer(parameter("a.weight", 2, 2));
        Tensor zeros = scope.allocate(DType.F32, Shape.of(2, 2));
        assertThatThrownBy(() -> optimizer.restore(new AdamW.Moments("b.weight", 1, zeros, zeros)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("b.weight");
    }

    @Test
    void exchangingAveragesTwiceLeavesEverythingAsItWas() {
        Parameter parameter = parameter("a.weight", 3);
        float[] old = parameter.value().toFloats();
        MovingAverage average = new MovingAverage(List.of(parameter), 0.5, device, scope);
        parameter.value().set(9f, 9f, 9f);
        average.exchange();
        assertThat(parameter.value().toFloats()).isEqualTo(old);
        average.exchange();
        assertThat(parameter.value().toFloats()).containsOnly(9);
    }
}

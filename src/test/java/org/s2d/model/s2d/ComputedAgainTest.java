package org.s2d.model.s2d;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.ResidualNorm;
import org.s2d.check.steps.Formula;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.nn.LayerNorm;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * A backward pass that computes again an adapter's results, and the sum that they are added to, finds what one that kept them finds, and needs less
 * memory.
 */
class ComputedAgainTest {
    private static final S2dConfig CONFIG =
            S2dConfig.small(3).toBuilder().embedDim(128).heads(2).frames(4).build();
    private static final Shape TOKENS = Shape.of(8, 16, 128);

    /** Gradients of x and of the parameters, what the tape kept after the forward pass, and how often the pool had asked for memory after each step. */
    private record Outcome(List<float[]> gradients, long kept, List<Long> systemAllocations) {}

    private static Outcome outcome(S2dConfig config, boolean computesAgain) {
        HostPool pool = new HostPool();
        try (CpuDevice cpu = new CpuDevice(pool, 1);
                Scope scope = new Scope(pool)) {
            Device device = computesAgain ? cpu : keeping(cpu);
            ParameterFactory factory = ParameterFactory.undefined(cpu, scope);
            TemporalAdapter adapter = new TemporalAdapter(factory.child("TMA"), config);
            LayerNorm norm = new LayerNorm(factory.child("norm1"), config.embedDim(), 1e-6);
            Map<String, Parameter> parameters = new LinkedHashMap<>(adapter.parameters());
            parameters.putAll(norm.parameters());
            parameters.forEach((name, parameter) -> {
                cpu.upload(parameter.value(), Formula.values(name, parameter.shape()));
                parameter.changed();
            });
            Tensor x = formula("x", cpu, scope);
            Tensor grad = formula("grad", cpu, scope);
            List<float[]> gradients = new ArrayList<>();
            List<Long> systemAllocations = new ArrayList<>();
            long kept = 0;
            for (int i = 0; i < 3; i++) {
                gradients.clear();
                parameters.values().forEach(Parameter::zeroGrad);
                try (Tape tape = Tape.evaluating(device, Precision.FP32, Gradients.RECORD)) {
                    Var tokens = tape.input(x, true);
                    long before = pool.liveBytes();
                    Var out;
                    try (Tape.Frame frame = tape.frame()) {
                        List<Var> adapted = List.of(adapter.forward(tape, tokens));
                        out = frame.keep(norm.forwardSum(tape, tokens, ResidualNorm.Addends.after(0, adapted))
                                .normed());
                    }
                    kept = pool.liveBytes() - before;
                    tape.backward(List.of(out), List.of(grad));
                    gradients.add(Objects.requireNonNull(tokens.grad()).toFloats());
                }
                parameters
                        .values()
                        .forEach(parameter -> gradients.add(
                                Objects.requireNonNull(parameter.grad()).toFloats()));
                systemAllocations.add(pool.systemAllocations());
            }
            return new Outcome(gradients, kept, systemAllocations);
        }
    }

    /** The same device, but for the backward pass. */
    private static Device keeping(Device device) {
        return (Device) Proxy.newProxyInstance(
                Device.class.getClassLoader(), new Class<?>[] {Device.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("computesAgain")) {
                        return false;
                    }
                    try {
                        return method.invoke(device, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static Tensor formula(String name, Device device, Scope scope) {
        Tensor tensor = scope.allocate(DType.F32, TOKENS);
        device.upload(tensor, Formula.values(name, TOKENS));
        return tensor;
    }

    @ParameterizedTest
    @EnumSource(S2dConfig.TemporalAdapter.class)
    void gradientsHaveTheSameBitsAndProductsAreNotKept(S2dConfig.TemporalAdapter mixing) {
        S2dConfig config = CONFIG.toBuilder().temporalAdapter(mixing).build();
        Outcome again = outcome(config, true);
        Outcome kept = outcome(config, false);

        assertThat(again.gradients).hasSameSizeAs(kept.gradients);
        for (int i = 0; i < again.gradients.size(); i++) {
            assertThat(again.gradients.get(i)).as("gradient %d", i).isEqualTo(kept.gradients.get(i));
        }
        // Not kept of each token: the first fc2's result, the norm's, the second GELU's and the sum; with attention
        // also the
        // first GELU's, queries, keys and values, and what proj makes of the heads.
        int narrow = config.adapterWidth();
        int elements =
                3 * config.embedDim() + narrow * (mixing == S2dConfig.TemporalAdapter.ATTENTION ? 1 + 1 + 3 + 1 : 1);
        assertThat(kept.kept - again.kept)
                .as("bytes that are not kept")
                .isEqualTo(TOKENS.without(-1).numel() * elements * DType.F32.bytes());
        assertThat(again.systemAllocations.get(2))
                .as("memory asked for in the last step")
                .isEqualTo(again.systemAllocations.get(1));
    }
}

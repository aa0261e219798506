package org.s2d.model.s2d;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.CrossEntropy;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** What nobody reads is not computed where nobody watches, and nothing else changes. */
class S2dModelTest {
    private static final S2dConfig CLIPS = S2dConfig.small(3).toBuilder()
            .imageSize(8)
            .patchSize(4)
            .embedDim(16)
            .depth(3)
            .heads(2)
            .frames(2)
            .landmarkChannels(2)
            .promptWidth(2)
            .adapterScale(0.5)
            .headDropout(0.5)
            .dropPath(0.5)
            .build();

    static List<S2dConfig> forms() {
        return List.of(
                CLIPS,
                CLIPS.toBuilder().promptType(S2dConfig.PromptType.NONE).depth(1).build(),
                CLIPS.toBuilder().globalPool(S2dConfig.GlobalPool.AVG).build());
    }

    /** Loss, logits and the gradient of every parameter, of two clips with dropout and stochastic depth. */
    private static Map<String, double[]> step(S2dConfig config, Function<HostPool, Device> on, boolean watched) {
        Map<String, double[]> results = new TreeMap<>();
        HostPool pool = new HostPool();
        try (Device device = on.apply(pool);
                Scope scope = new Scope(pool)) {
            S2dModel model = new S2dModel(ParameterFactory.root(device, scope, 1), config);
            try (Tape tape = Tape.training(device, Precision.FP32, Gradients.RECORD, 7)) {
                if (watched) {
                    tape.setObserver((name, value) -> {});
                }
                Var x = tape.constant(normal(tape, Shape.of(2, 3, config.frames(), 8, 8), 1));
                Var a = tape.constant(normal(tape, Shape.of(2 * config.frames(), 2, 2, 2), 2));
                S2dModel.Output out = model.forward(tape, x, a);
                Tensor labels = tape.allocate(tape.floatType(), Shape.of(2));
                device.elementwise().fill(labels, 2);
                Var loss = Arithmetic.mean(tape, CrossEntropy.ofLabels(tape, out.logits(), labels, 0.1), 0);
                results.put("loss", loss.value().toDoubles());
                results.put("logits", out.logits().value().toDoubles());
                tape.backward(loss);
            }
            model.parameters().forEach((name, parameter) -> {
                Tensor grad = parameter.grad();
                results.put(name, grad == null ? new double[0] : grad.toDoubles());
            });
        }
        return results;
    }

    private static Tensor normal(Tape tape, Shape shape, int seed) {
        Tensor tensor = tape.allocate(tape.floatType(), shape);
        Random random = new Random(seed);
        for (long i = 0; i < tensor.numel(); i++) {
            tensor.setDouble(i, random.nextGaussian());
        }
        return tensor;
    }

    private static void same(S2dConfig config, Function<HostPool, Device> on, double tolerance) {
        Map<String, double[]> watched = step(config, on, true);
        assertThat(watched.get("blocks.0.attn.qkv.weight")).isNotEmpty();
        step(config, on, false)
                .forEach((name, values) ->
                        assertThat(values).as(name).containsExactly(watched.get(name), within(tolerance)));
    }

    @ParameterizedTest
    @MethodSource("forms")
    void nothingChangesInDouble(S2dConfig config) {
        same(config, ReferenceDevice::new, 1e-13);
    }

    @ParameterizedTest
    @MethodSource("forms")
    void nothingChangesInVectors(S2dConfig config) {
        same(config, pool -> new CpuDevice(pool, 2), 1e-6);
    }
}

package org.s2d.train.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.s2d.autograd.Precision;
import org.s2d.device.cuda.CudaDevice;
import org.s2d.device.cuda.Emulators;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.train.config.TrainConfig;

/** Forward passes that are recorded once for each number of clips. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ForwardPassTest {
    private static final S2dConfig CONFIG = S2dConfig.small(3).toBuilder()
            .mode(S2dConfig.Mode.IMAGE)
            .imageSize(8)
            .patchSize(8)
            .embedDim(16)
            .depth(1)
            .heads(2)
            .frames(1)
            .promptWidth(2)
            .build();
    private static final int BEFORE_REPLAY = 3;

    private final Map<String, Integer> calls = new TreeMap<>();
    private final HostPool pool = new HostPool();
    private final Scope host = new Scope(pool);
    private CudaDevice device;
    private Scope scope;
    private S2dModel model;
    private Landmarks landmarks;

    @BeforeAll
    void open() {
        Emulators.assumeCompiler();
        device = Emulators.caching(calls);
        scope = new Scope(device.allocator());
        model = new S2dModel(ParameterFactory.root(device, scope, 1), CONFIG);
        landmarks = Landmarks.open(new TrainConfig.Landmark("none", "", 0), 1, device);
    }

    @AfterAll
    void close() {
        host.close();
        pool.close();
        if (device != null) {
            scope.close();
            device.close();
        }
    }

    private Tensor clips(int count, int seed) {
        Tensor clips = host.allocate(DType.F32, Shape.of(count, 3, 1, 8, 8));
        Random random = new Random(seed);
        for (long i = 0; i < clips.numel(); i++) {
            clips.setDouble(i, random.nextGaussian());
        }
        return clips;
    }

    private double[] logits(ForwardPass pass, Tensor clips) {
        Tensor logits = pass.run(PlannedClips.made(clips), false).logits();
        Tensor copy = host.allocate(DType.F64, logits.shape());
        device.download(copy, logits);
        return copy.toDoubles();
    }

    @Test
    void passesAreRecordedForEachNumberOfClips() {
        try (ForwardPass recorded = new ForwardPass(device, Precision.BF16, model, landmarks, true);
                ForwardPass plain = new ForwardPass(device, Precision.BF16, model, landmarks, false)) {
            for (int i = 0; i < BEFORE_REPLAY; i++) {
                logits(recorded, clips(2, i));
            }
            calls.clear();
            double[] repeated = logits(recorded, clips(2, 9));
            assertThat(calls).containsEntry("launchGraph", 1).doesNotContainKeys("launch", "allocate");
            double[] expected = logits(plain, clips(2, 9));
            assertThat(repeated).isEqualTo(expected);

            for (Parameter parameter : model.parameters().values()) {
                device.elementwise().scale(parameter.value(), parameter.value(), 0.5);
                parameter.changed();
            }
            assertThat(logits(recorded, clips(2, 9)))
                    .as("with other weights")
                    .isNotEqualTo(expected)
                    .isEqualTo(logits(plain, clips(2, 9)));

            calls.clear();
            for (int count : new int[] {1, 3, 4, 5}) {
                assertThat(logits(recorded, clips(count, 7))).hasSize(3 * count);
            }
            assertThat(calls).as("the one that was not used longest").containsEntry("destroyExecutable", 1);
        }
    }

    @Test
    void weightsOfTheComputeTypeExistOnce() {
        long before = device.context().pool().liveBytes();
        try (ForwardPass pass = new ForwardPass(device, Precision.FP16, model, landmarks, false)) {
            logits(pass, clips(1, 1));
            long after = device.context().pool().liveBytes();
            long all = model.parameters().values().stream()
                    .mapToLong(parameter ->
                            HostPool.sizeClass(2 * parameter.value().numel()))
                    .sum();
            long place = HostPool.sizeClass(4 * 3 * 64) + HostPool.sizeClass(4 * 3) + HostPool.sizeClass(4 * 16);
            assertThat(after - before).isBetween(all / 2, all + place);
            logits(pass, clips(1, 2));
            assertThat(device.context().pool().liveBytes()).isEqualTo(after);
        }
    }
}

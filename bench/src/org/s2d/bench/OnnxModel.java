package org.s2d.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.Map;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.s2d.autograd.Precision;
import org.s2d.check.steps.Formula;
import org.s2d.model.s2d.S2dFlops;

/** What {@code ./s2d export --format onnx} writes, in ONNX Runtime with all its optimisations. */
@State(Scope.Benchmark)
public class OnnxModel {
    /** Both sum in 32 bits, each in its own order. */
    private static final double TOLERANCE = 2e-5;

    @Param("0")
    public int threads;

    private OrtEnvironment environment;
    private OrtSession session;
    private OnnxTensor frames;

    @Setup(Level.Trial)
    public void create(Work work) throws OrtException, IOException {
        environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            options.setIntraOpNumThreads(BaseModel.threads(threads));
            session = environment.createSession(ModelFiles.onnx().toString(), options);
        }
        frames = OnnxTensor.createTensor(
                environment, FloatBuffer.wrap(Formula.values("x", BaseModel.CLIP)), new long[] {1, 3, 16, 224, 224});
        double error = Reference.distance(forward(), ours());
        if (!(error <= TOLERANCE)) { // written so that NaN fails
            throw new IllegalStateException("logits of ONNX Runtime are wrong: relative error " + error);
        }
        work.flops(S2dFlops.of(BaseModel.CONFIG).forward(), Ceiling.product(Precision.FP32, threads));
    }

    /** What our model says, which {@link S2dBenchmark} checks. */
    private static double[] ours() throws IOException {
        S2dBenchmark.Forward model = new S2dBenchmark.Forward();
        model.create();
        try {
            float[] logits = model.forwardWithoutLandmarks();
            return IntStream.range(0, logits.length).mapToDouble(i -> logits[i]).toArray();
        } finally {
            model.close();
        }
    }

    /** Class scores of the clip. */
    float[] forward() throws OrtException {
        try (OrtSession.Result result = session.run(Map.of("frames", frames))) {
            return ((float[][]) result.get("logits").orElseThrow().getValue())[0];
        }
    }

    @TearDown(Level.Trial)
    public void close() throws OrtException {
        frames.close();
        session.close();
    }
}

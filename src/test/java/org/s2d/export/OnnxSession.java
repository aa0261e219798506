package org.s2d.export;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.s2d.tensor.Tensor;

/** A model in ONNX Runtime. */
public final class OnnxSession implements AutoCloseable {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;

    public OnnxSession(Path file) throws OrtException {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        options.setIntraOpNumThreads(1); // more would spin while they wait
        session = environment.createSession(file.toString(), options);
    }

    public OrtSession session() {
        return session;
    }

    /** All outputs by name, row-major. */
    public Map<String, double[]> run(Map<String, Tensor> inputs) throws OrtException {
        Map<String, OnnxTensor> given = new LinkedHashMap<>();
        try {
            for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
                Tensor tensor = input.getValue();
                long[] sizes =
                        Arrays.stream(tensor.shape().toArray()).asLongStream().toArray();
                FloatBuffer values = FloatBuffer.wrap(tensor.toFloats());
                given.put(input.getKey(), OnnxTensor.createTensor(environment, values, sizes));
            }
            Map<String, double[]> outputs = new LinkedHashMap<>();
            try (OrtSession.Result result = session.run(given)) {
                result.forEach(output -> outputs.put(output.getKey(), doubles((OnnxTensor) output.getValue())));
            }
            return outputs;
        } finally {
            given.values().forEach(OnnxTensor::close);
        }
    }

    private static double[] doubles(OnnxTensor tensor) {
        FloatBuffer values = tensor.getFloatBuffer();
        double[] doubles = new double[values.remaining()];
        Arrays.setAll(doubles, values::get);
        return doubles;
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }
}

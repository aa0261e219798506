package org.s2d.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import org.s2d.SharedData;
import org.s2d.data.image.Image;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;
import org.s2d.weights.Checkpoint;

/** A folder of reference tensors made with PyTorch; the calling test is skipped where it is absent. */
public record ReferenceCase(Path folder) {
    public static ReferenceCase require(String name) {
        return new ReferenceCase(SharedData.require("reference/" + name));
    }

    public JsonNode json(String file) throws IOException {
        return new ObjectMapper().readTree(folder.resolve(file).toFile());
    }

    public JsonNode values() throws IOException {
        return json("manifest.json").get("values");
    }

    /** Shape and values of a tensor of any type. */
    @SuppressWarnings("ArrayRecordComponent") // only read
    public record Values(int[] shape, double[] values) {
        public float[] floats() {
            float[] out = new float[values.length];
            for (int i = 0; i < out.length; i++) {
                out[i] = (float) values[i];
            }
            return out;
        }

        /** [H, W, 3] with 0 to 255. */
        public Image image() {
            byte[] rgb = new byte[values.length];
            for (int i = 0; i < rgb.length; i++) {
                rgb[i] = (byte) values[i];
            }
            return new Image(shape[1], shape[0], rgb);
        }
    }

    public Values tensor(String file, String name) {
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool);
                Checkpoint checkpoint = Checkpoint.open(folder.resolve(file))) {
            Tensor tensor = checkpoint.load(name, scope);
            return new Values(tensor.shape().toArray(), tensor.toDoubles());
        }
    }

    /** Euclidean length of the difference over that of the expected values. */
    public static double relativeError(float[] actual, float[] expected) {
        double difference = 0;
        double length = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow((double) actual[i] - expected[i], 2);
            length += Math.pow(expected[i], 2);
        }
        return actual.length == expected.length ? Math.sqrt(difference / length) : Double.POSITIVE_INFINITY;
    }
}

package org.s2d.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.s2d.autograd.Precision;
import org.s2d.model.s2d.S2dConfig;

/** PyTorch's float64 results, which everybody's is compared with before it is timed. */
final class Reference {
    private final JsonNode expected;
    private final Precision precision;

    /** @param file of {@code bench/reference}, by tools/base_reference.py */
    Reference(Precision precision, String file) throws IOException {
        this.precision = precision;
        expected =
                new ObjectMapper().readTree(Path.of("bench", "reference", file).toFile());
    }

    long label() {
        return expected.path("label").asLong();
    }

    /**
     * F32 differs from float64 by rounding only, at most twice as far as PyTorch's own F32 for the same kind of parameter; bf16 keeps 8 bits
     * through 12 blocks. The gradient of a fovea.smooth is a sum of terms that cancel: PyTorch's own bf16 error of it is 0.03 to 0.11 at a depth
     * of three (yardstick_bf16.json of s2d_tiny), and twice that may be ours.
     *
     * @param theirs PyTorch's error in F32
     */
    private double tolerance(String what, double theirs) {
        if (precision == Precision.FP32) {
            return Math.max(2e-5, 2 * theirs);
        }
        return what.endsWith("fovea.smooth") ? 0.22 : 5e-2;
    }

    /** Scores of any number of copies of the clip of 16 frames at 224 pixels. */
    void checkLogits(float[] logits) {
        checkLogits(logits, BaseModel.CONFIG);
    }

    /** Scores of any number of copies of a clip as a model of these sizes takes it. */
    void checkLogits(float[] logits, S2dConfig config) {
        JsonNode scores = config.equals(BaseModel.CONFIG)
                ? expected.path("logits")
                : expected.path("clips").path(config.frames() + "x" + config.imageSize());
        if (scores.isMissingNode()) {
            throw new IllegalStateException("tools/base_reference.py has not been run for clips of this size.");
        }
        double[] truth = new double[logits.length];
        for (int i = 0; i < logits.length; i++) {
            truth[i] = scores.path(i % scores.size()).asDouble();
        }
        require("logits", distance(logits, truth), 0);
    }

    /** Norm of the difference over that of the truth. */
    static double distance(float[] ours, double[] truth) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < ours.length; i++) {
            difference += (ours[i] - truth[i]) * (ours[i] - truth[i]);
            norm += truth[i] * truth[i];
        }
        return Math.sqrt(difference / norm);
    }

    /** The mean loss, and the norm of the gradient of each parameter that trains. */
    void checkGradients(float loss, ToDoubleFunction<String> norm) {
        double truth = expected.path("loss").asDouble();
        require("loss", Math.abs(loss - truth) / truth, 0);
        Map<String, Double> norms = new LinkedHashMap<>();
        expected.path("gradient_norms")
                .properties()
                .forEach(entry -> norms.put(entry.getKey(), entry.getValue().asDouble()));
        JsonNode theirs = expected.path("float32_errors");
        norms.forEach((name, wanted) -> require(
                "gradient of " + name,
                Math.abs(norm.applyAsDouble(name) - wanted) / Math.max(wanted, typical(norms, name)),
                theirs.path(kind(name)).asDouble()));
    }

    /** Median over the blocks: the gradient of one fovea.smooth is a sum of terms that may cancel to nearly nothing. */
    private static double typical(Map<String, Double> norms, String name) {
        return Row.median(norms.entrySet().stream()
                .filter(entry -> kind(entry.getKey()).equals(kind(name)))
                .mapToDouble(Map.Entry::getValue)
                .toArray());
    }

    /** The same for a parameter of all blocks. */
    private static String kind(String name) {
        return name.replaceAll("\\d+", "#");
    }

    /** @param theirs PyTorch's error in F32; 0 where the least limit is enough */
    private void require(String what, double error, double theirs) {
        // Written so that NaN fails.
        if (!(error <= tolerance(what, theirs))) {
            throw new IllegalStateException(what + " is wrong: relative error " + error + " in " + precision);
        }
    }
}

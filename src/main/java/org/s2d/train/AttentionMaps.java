package org.s2d.train;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.Parameter;
import org.s2d.tensor.Scope;

/**
 * Where the model looks: the attention of the last encoder block to the patches of a frame, softmax(q k / sqrt(d)), mean over heads. The
 * asking token is the class token, which alone is read out; for a model that pools its patches, the mean over all of them. Weights are
 * divided by that of even attention, 1 / (patches + 1), so that 1 means neither attended nor avoided.
 */
final class AttentionMaps {
    private final TrainedModel model;
    private final S2dModel network;
    private final double[][] queryKey;
    private final double[] bias;
    private final int width;
    private final int heads;

    AttentionMaps(TrainedModel model) {
        this.model = model;
        network = Objects.requireNonNull(model.s2d());
        S2dConfig config = network.config();
        width = config.embedDim();
        heads = config.heads();
        String name = "blocks." + (config.depth() - 1) + ".attn.qkv.";
        Parameter weight = network.parameters().get(name + "weight");
        if (weight == null) {
            throw new IllegalStateException(name + "weight is not a parameter");
        }
        double[] all = model.reader().values(weight.value());
        queryKey = new double[2 * width][];
        Arrays.setAll(queryKey, row -> Arrays.copyOfRange(all, row * width, (row + 1) * width));
        Parameter given = network.parameters().get(name + "bias");
        bias = given == null ? new double[2 * width] : model.reader().values(given.value());
    }

    /**
     * Weights of the patches of every frame, [B*T][patches], row by row of each frame.
     *
     * @param landmarks where the landmark maps come from
     */
    double[][] of(PlannedClips clips, LandmarkSource landmarks) {
        String watched = "blocks." + (network.config().depth() - 1) + ".norm1.out";
        Watched tokens = new Watched(watched);
        try (Scope scope = new Scope(model.device().allocator());
                Scope host = new Scope(model.device().hostAllocator());
                Tape tape = Tape.evaluating(model.device(), model.precision(), Gradients.NONE)) {
            tape.setObserver(tokens);
            Var x = ClipPlace.of(model.device(), scope, host, clips).make(tape, false);
            network.forward(tape, x, landmarks.features(tape, x));
        }
        double[] values = tokens.values();
        int perFrame = (network.config().tokens() + 1) * width;
        double[][] maps = new double[values.length / perFrame][];
        Arrays.setAll(maps, f -> frame(rows(values, f * perFrame, perFrame)));
        return maps;
    }

    /** Keeps the numbers of one result, which live only while it is shown. */
    private final class Watched implements Tape.Observer {
        private final String name;
        private double @Nullable [] values;

        Watched(String name) {
            this.name = name;
        }

        @Override
        public void onResult(String result, Var value) {
            if (result.equals(name)) {
                values = model.reader().values(value.value());
            }
        }

        double[] values() {
            double[] found = values;
            if (found == null) {
                throw new IllegalStateException("the model shows no " + name);
            }
            return found;
        }
    }

    private double[][] rows(double[] values, int from, int length) {
        double[][] rows = new double[length / width][];
        Arrays.setAll(rows, i -> Arrays.copyOfRange(values, from + i * width, from + (i + 1) * width));
        return rows;
    }

    /** Of one frame's tokens, class token first, to the weights of its patches. */
    private double[] frame(double[][] tokens) {
        boolean classToken = network.config().globalPool() == S2dConfig.GlobalPool.TOKEN;
        int first = classToken ? 0 : 1;
        int last = classToken ? 1 : tokens.length;
        double[] sum = new double[tokens.length];
        for (int asking = first; asking < last; asking++) {
            for (int head = 0; head < heads; head++) {
                double[] weights = weights(tokens, tokens[asking], head);
                Arrays.setAll(sum, i -> sum[i] + weights[i]);
            }
        }
        double even = (double) heads * (last - first) / tokens.length;
        return Arrays.stream(sum).skip(1).map(weight -> weight / even).toArray();
    }

    /**
     * softmax over all tokens of (W_q a + b_q) (W_k x + b_k) / sqrt(d). The product is taken as ((W_q a + b_q) W_k) x, which needs no key of
     * any token; its constant part drops out of the softmax.
     */
    private double[] weights(double[][] tokens, double[] asking, int head) {
        int size = width / heads;
        double[] projected = new double[width];
        for (int d = head * size; d < (head + 1) * size; d++) {
            double query = bias[d] + dot(queryKey[d], asking);
            double[] key = queryKey[width + d];
            for (int c = 0; c < width; c++) {
                projected[c] += query * key[c];
            }
        }
        double scale = 1 / Math.sqrt(size);
        double[] scores = Arrays.stream(tokens)
                .mapToDouble(token -> scale * dot(projected, token))
                .toArray();
        double largest = Arrays.stream(scores).max().orElse(0);
        double[] weights =
                Arrays.stream(scores).map(score -> Math.exp(score - largest)).toArray();
        double total = Arrays.stream(weights).sum();
        return Arrays.stream(weights).map(weight -> weight / total).toArray();
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}

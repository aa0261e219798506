package org.s2d.train.results;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.model.Classifier;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.model.s4d.S4dConfig;
import org.s2d.model.s4d.S4dModel;
import org.s2d.nn.Parameter;
import org.s2d.tensor.Scope;
import org.s2d.train.checkpoint.TrainedModel;
import org.s2d.train.step.LandmarkSource;
import org.s2d.train.step.PlannedClips;

/**
 * Where the model looks: the attention of the last encoder block to the patches of a frame, softmax(q k / sqrt(d)), mean over heads. The
 * asking token is the class token, which alone is read out; for a model that pools its patches, the mean over all of them. Weights are
 * divided by that of even attention, 1 / tokens, so that 1 means neither attended nor avoided.
 */
final class AttentionMaps {
    private final TrainedModel model;
    private final Layout layout;
    private final double[][] queryKey;
    private final double[] bias;

    /**
     * Which tokens attend to each other.
     *
     * @param block number of the last one
     * @param patches tokens that cover a picture
     * @param frames that a patch covers, and those after it too: more than one in a tubelet
     * @param pictures that are one sequence: the tubelets of a clip, or one frame
     * @param classToken whether there is one before the patches
     * @param pooled whether the mean of the patches is read out, not the class token
     */
    private record Layout(
            int block,
            int width,
            int heads,
            int patches,
            int frames,
            int pictures,
            boolean classToken,
            boolean pooled) {
        static Layout of(Classifier network) {
            return switch (network) {
                case S4dModel s4d -> of(s4d.config().vit());
                case S2dModel s2d -> of(s2d.config());
                default -> throw new IllegalStateException("attention of " + network.getClass());
            };
        }

        private static Layout of(S4dConfig.Vit vit) {
            int tubelets = vit.frames() / vit.tubelet();
            return new Layout(
                    vit.depth() - 1,
                    vit.embedDim(),
                    vit.heads(),
                    vit.tokensPerImage(),
                    vit.tubelet(),
                    tubelets,
                    false,
                    true);
        }

        private static Layout of(S2dConfig config) {
            boolean pooled = config.globalPool() != S2dConfig.GlobalPool.TOKEN;
            return new Layout(
                    config.depth() - 1, config.embedDim(), config.heads(), config.tokens(), 1, 1, true, pooled);
        }

        int tokens() {
            return pictures * patches + (classToken ? 1 : 0);
        }

        String path() {
            return "blocks." + block;
        }
    }

    AttentionMaps(TrainedModel model) {
        this.model = model;
        layout = Layout.of(model.model());
        int width = layout.width;
        String name = layout.path() + ".attn.";
        Parameter weight = parameter(name + "qkv.weight");
        if (weight == null) {
            throw new IllegalStateException(name + "qkv.weight is not a parameter");
        }
        double[] all = model.reader().values(weight.value());
        queryKey = new double[2 * width][];
        Arrays.setAll(queryKey, row -> Arrays.copyOfRange(all, row * width, (row + 1) * width));
        Parameter packed = parameter(name + "qkv.bias");
        Parameter given = packed == null ? parameter(name + "q_bias") : packed;
        bias = given == null ? new double[width] : model.reader().values(given.value());
    }

    private @Nullable Parameter parameter(String name) {
        return model.model().parameters().get(name);
    }

    /** Whose attention is drawn, in words. */
    String asking() {
        return layout.pooled ? "all patches, whose mean is read out," : "the class token, which alone is read out,";
    }

    /**
     * Weights of the patches of every frame, [B*T][patches], row by row of each frame; frames of one tubelet have the same.
     *
     * @param landmarks where the landmark maps come from
     */
    double[][] of(PlannedClips clips, LandmarkSource landmarks) {
        Watched tokens = new Watched(layout.path() + ".norm1.out");
        try (Scope scope = new Scope(model.device().allocator());
                Scope host = new Scope(model.device().hostAllocator());
                Tape tape = Tape.evaluating(model.device(), model.precision(), Gradients.NONE)) {
            tape.setObserver(tokens);
            Var x = tape.constant(clips.madeOn(model.device(), scope, host));
            model.model().classify(tape, x, maps -> landmarks.features(tape, maps));
        }
        double[] values = tokens.values();
        int perSequence = layout.tokens() * layout.width;
        List<double[]> maps = new ArrayList<>();
        for (int from = 0; from < values.length; from += perSequence) {
            double[] weights = patches(rows(values, from, perSequence));
            for (int frame = 0; frame < layout.pictures * layout.frames; frame++) {
                int first = frame / layout.frames * layout.patches;
                maps.add(Arrays.copyOfRange(weights, first, first + layout.patches));
            }
        }
        return maps.toArray(double[][]::new);
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
        int width = layout.width;
        double[][] rows = new double[length / width][];
        Arrays.setAll(rows, i -> Arrays.copyOfRange(values, from + i * width, from + (i + 1) * width));
        return rows;
    }

    /** Of one sequence's tokens to the weights of its patches. */
    private double[] patches(double[][] tokens) {
        int before = layout.classToken ? 1 : 0;
        int first = layout.pooled ? before : 0;
        int last = layout.pooled ? tokens.length : 1;
        double[] sum = new double[tokens.length];
        for (int asking = first; asking < last; asking++) {
            for (int head = 0; head < layout.heads; head++) {
                double[] weights = weights(tokens, tokens[asking], head);
                Arrays.setAll(sum, i -> sum[i] + weights[i]);
            }
        }
        double even = (double) layout.heads * (last - first) / tokens.length;
        return Arrays.stream(sum).skip(before).map(weight -> weight / even).toArray();
    }

    /**
     * softmax over all tokens of (W_q a + b_q) (W_k x + b_k) / sqrt(d). The product is taken as ((W_q a + b_q) W_k) x, which needs no key of
     * any token; its constant part drops out of the softmax.
     */
    private double[] weights(double[][] tokens, double[] asking, int head) {
        int width = layout.width;
        int size = width / layout.heads;
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

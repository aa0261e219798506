package org.s2d.export;

import java.util.List;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** The layers of the transformer as operators. A layer is known by its path in the state dict; token values are [F, N, D]. */
final class OnnxLayers {
    /** Weights by name. */
    interface Weights {
        boolean has(String name);

        /** Values in 32-bit floats, in the scope or longer-lived. */
        Tensor get(String name, Scope scope);
    }

    /**
     * How packed tokens become heads: sizes of the view with heads and their width last, then the orders of axes that end with (position,
     * width) for queries and values, with (width, position) for keys, the way back, and the sizes of the result.
     */
    @SuppressWarnings("ArrayRecordComponent") // only read
    record Heads(long[] view, int[] query, int[] key, int[] back, long[] joined) {
        /** Among the tokens of a frame. */
        static Heads overTokens(int heads, int width) {
            return new Heads(
                    new long[] {0, 0, heads, width / heads},
                    new int[] {0, 2, 1, 3},
                    new int[] {0, 2, 3, 1},
                    new int[] {0, 2, 1, 3},
                    new long[] {0, 0, width});
        }

        /** Among the frames of a clip, at each token. */
        static Heads overTime(int heads, int width, int frames, int tokens) {
            return new Heads(
                    new long[] {-1, frames, tokens, heads, width / heads},
                    new int[] {0, 2, 3, 1, 4},
                    new int[] {0, 2, 3, 4, 1},
                    new int[] {0, 3, 1, 2, 4},
                    new long[] {-1, tokens, width});
        }

        long headWidth() {
            return view[view.length - 1];
        }
    }

    private final OnnxGraph graph;
    private final Weights weights;
    private final Scope scope;

    /** Names of the results: scores and probabilities [B, C], features [B, D]. */
    record Scores(String logits, String probabilities, String features) {}

    OnnxLayers(OnnxGraph graph, Weights weights, Scope scope) {
        this.graph = graph;
        this.weights = weights;
        this.scope = scope;
    }

    /** A weight as it lies in the state dict. */
    String weight(String name) {
        return graph.weight(name, weights.get(name, scope));
    }

    /** {@code x W^T + b}; W [out, in], or the filters of a 1x1 convolution. */
    String linear(String path, String x) {
        String matrix = weight(path + ".weight");
        if (weights.get(path + ".weight", scope).rank() > 2) {
            matrix = graph.node(path, "Flatten", List.of(matrix), "axis", 1L);
        }
        String product = graph.product(path, x, graph.transpose(path, matrix, 1, 0));
        return weights.has(path + ".bias") ? graph.add(path, product, weight(path + ".bias")) : product;
    }

    /** What a head makes of features. */
    Scores scores(String head, String features) {
        String logits = linear(head, features);
        return new Scores(logits, graph.softmax(head, logits, -1), features);
    }

    boolean has(String name) {
        return weights.has(name);
    }

    String layerNorm(String path, String x, double eps) {
        List<String> inputs = List.of(x, weight(path + ".weight"), weight(path + ".bias"));
        return graph.node(path, "LayerNormalization", inputs, "axis", -1L, "epsilon", eps);
    }

    /** {@code fc2(gelu(fc1(x)))}. */
    String mlp(String path, String fc1, String fc2, String x) {
        return linear(path + fc2, graph.gelu(path + fc1, linear(path + fc1, x)));
    }

    /** A convolution whose stride is its kernel, over frames [F, C, H, W]: tokens [F, N, D]. */
    String embedding(String path, String frames, int patch) {
        OnnxGraph.Window window = new OnnxGraph.Window(patch, 0, 1);
        String maps = graph.convolution(path, frames, weight(path + ".weight"), weight(path + ".bias"), window);
        return graph.transpose(path, graph.reshape(path, maps, 0, 0, -1), 0, 2, 1);
    }

    /** Self-attention with packed {@code qkv}, of which all or queries and values have biases, and output projection {@code proj}. */
    String selfAttention(String path, String x, int width, Heads heads) {
        String packed = linear(path + ".qkv", x);
        if (weights.has(path + ".q_bias")) {
            String keys = graph.zeros(path, width);
            packed = graph.add(
                    path, packed, graph.concat(path, 0, weight(path + ".q_bias"), keys, weight(path + ".v_bias")));
        }
        List<String> qkv = graph.split(path, packed, 2, width, width, width);
        return linear(path + ".proj", attend(path, qkv.get(0), qkv.get(1), qkv.get(2), heads));
    }

    /** Tokens ask others: projections {@code query}, packed {@code key_value}, {@code proj}. */
    String crossAttention(String path, String asking, String asked, int width, Heads heads) {
        List<String> pair = graph.split(path, linear(path + ".key_value", asked), 2, width, width);
        String query = linear(path + ".query", asking);
        return linear(path + ".proj", attend(path, query, pair.get(0), pair.get(1), heads));
    }

    /** {@code softmax(q k^T / sqrt(d)) v} for each head. */
    private String attend(String path, String q, String k, String v, Heads heads) {
        String queries = graph.transpose(path, graph.reshape(path, q, heads.view()), heads.query());
        String keys = graph.transpose(path, graph.reshape(path, k, heads.view()), heads.key());
        String values = graph.transpose(path, graph.reshape(path, v, heads.view()), heads.query());
        String scaled = graph.multiply(path, queries, graph.scalar(path, 1 / Math.sqrt((double) heads.headWidth())));
        String attention = graph.softmax(path, graph.product(path, scaled, keys), -1);
        String mixed = graph.product(path, attention, values);
        return graph.reshape(path, graph.transpose(path, mixed, heads.back()), heads.joined());
    }

    /** Depth-wise convolution over the frames of a clip at each token, zero outside: weight [h, 1, K, 1, 1]. */
    String timeConvolution(String path, String x, int width, int frames, int tokens) {
        long pad = weights.get(path + ".weight", scope).dim(2) / 2;
        String clips = graph.reshape(path, x, -1, frames, tokens, width, 1);
        String volume = graph.transpose(path, clips, 0, 3, 1, 2, 4);
        List<String> inputs = List.of(volume, weight(path + ".weight"), weight(path + ".bias"));
        long[] pads = {pad, 0, 0, pad, 0, 0};
        String mixed = graph.node(path, "Conv", inputs, "group", (long) width, "pads", pads);
        return graph.reshape(path, graph.transpose(path, mixed, 0, 2, 3, 1, 4), -1, tokens, width);
    }
}

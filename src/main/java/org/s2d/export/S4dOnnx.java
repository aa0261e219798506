package org.s2d.export;

import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.s2d.export.OnnxLayers.Heads;
import org.s2d.model.s4d.S4dConfig;
import org.s2d.model.s4d.S4dConfig.Experts;
import org.s2d.model.s4d.S4dConfig.Vit;
import org.s2d.model.s4d.Sinusoids;
import org.s2d.tensor.DType;

/**
 * {@link org.s2d.model.s4d.S4dModel} as a graph, for clips or for photographs. It chooses experts and drops tokens as the model does, but asks
 * every expert about every token and weights most answers with zero: two products instead of places that programs would copy to and fro.
 */
final class S4dOnnx {
    private static final double EPS = 1e-6;

    private final OnnxGraph graph;
    private final OnnxLayers layers;
    private final S4dConfig config;
    private final Vit vit;
    private final boolean photos;

    S4dOnnx(OnnxGraph graph, OnnxLayers layers, S4dConfig config, boolean photos) {
        this.graph = graph;
        this.layers = layers;
        this.config = config;
        this.photos = photos;
        vit = config.vit();
    }

    private int tokens() {
        return photos ? vit.tokensPerImage() : vit.tokensPerClip();
    }

    /** The input, [B, 3, T, H, W]; T is 1 for photographs. */
    OnnxLayers.Scores build(String input) {
        String tokens = embed(input);
        for (int i = 0; i < vit.depth(); i++) {
            tokens = block(i, tokens);
        }
        String features = layers.layerNorm("fc_norm", graph.mean("fc_norm", tokens, 1), EPS);
        return layers.scores(photos ? "head.image" : "head.video", features);
    }

    /** A 3-d convolution whose stride is its kernel, and positions. */
    private String embed(String input) {
        String path = "patch_embed.proj";
        String frames = photos
                ? graph.concat(
                        path, 2, Collections.nCopies(vit.tubelet(), input).toArray(String[]::new))
                : input;
        List<String> inputs = List.of(frames, layers.weight(path + ".weight"), layers.weight(path + ".bias"));
        long[] strides = {vit.tubelet(), vit.patchSize(), vit.patchSize()};
        String maps = graph.node(path, "Conv", inputs, "strides", strides);
        String tokens = graph.transpose(path, graph.reshape(path, maps, 0, 0, -1), 0, 2, 1);
        String positions =
                graph.floats("positions", Sinusoids.values(tokens(), vit.embedDim()), tokens(), vit.embedDim());
        return graph.add(path, tokens, positions);
    }

    private String block(int layer, String x) {
        String path = "blocks." + layer;
        Heads heads = Heads.overTokens(vit.heads(), vit.embedDim());
        String attended =
                layers.selfAttention(path + ".attn", layers.layerNorm(path + ".norm1", x, EPS), vit.embedDim(), heads);
        String middle = graph.add(path, x, scaled(path + ".gamma_1", attended));
        String normed = layers.layerNorm(path + ".norm2", middle, EPS);
        String fed = layers.mlp(path + ".mlp", ".fc1", ".fc2", normed);
        if (config.experts().layers().contains(layer)) {
            fed = graph.add(path, fed, mixture(path + ".moe_layer", normed));
        }
        return graph.add(path, middle, scaled(path + ".gamma_2", fed));
    }

    private String scaled(String gamma, String branch) {
        return layers.has(gamma) ? graph.multiply(gamma, branch, layers.weight(gamma)) : branch;
    }

    /** The weighted sum of what the chosen experts make of tokens [B, N, D]. */
    private String mixture(String path, String normed) {
        int count = config.experts().count();
        int width = vit.embedDim();
        String rows = graph.reshape(path, normed, -1, width);
        String gates = gates(path + ".router", rows);
        String into = graph.transpose(path, stacked(path, "fc1.weight", 0), 1, 0);
        String narrow = graph.add(path, graph.product(path, rows, into), stacked(path, "fc1.bias", 0));
        String hidden = graph.reshape(path, graph.gelu(path, narrow), 0, count, -1);
        String perExpert = graph.node(path, "Unsqueeze", List.of(gates, graph.integers(path, -1)));
        String weighted = graph.reshape(path, graph.multiply(path, hidden, perExpert), 0, -1);
        String outOf = graph.transpose(path, stacked(path, "fc2.weight", 1), 1, 0);
        String biases = graph.reshape(path, stacked(path, "fc2.bias", 0), count, width);
        String sum = graph.add(path, graph.product(path, weighted, outOf), graph.product(path, gates, biases));
        return graph.reshape(path, sum, -1, tokens(), width);
    }

    private String stacked(String path, String parameter, int axis) {
        return graph.concat(
                path,
                axis,
                IntStream.range(0, config.experts().count())
                        .mapToObj(i -> layers.weight(path + ".experts." + i + "." + parameter))
                        .toArray(String[]::new));
    }

    /** Weight of each expert for each token, [tokens, E]: the softmax over the chosen ones; zero for others and where an expert is full. */
    private String gates(String path, String rows) {
        Experts experts = config.experts();
        String scores = layers.linear(path + ".topkroute_linear", rows);
        List<String> best = graph.nodes(path, "TopK", List.of(scores, graph.integers(path, experts.chosen())), 2);
        String chosen = oneHot(path, best.get(1));
        String shares =
                graph.node(path, "Unsqueeze", List.of(graph.softmax(path, best.get(0), -1), graph.integers(path, -1)));
        String gates = sum(path, graph.multiply(path, chosen, shares));
        // How many tokens before this one chose the expert too.
        List<String> counted = List.of(sum(path, chosen), graph.integer(path, 0));
        String before = graph.node(path, "CumSum", counted, "exclusive", 1L);
        String fits = graph.node(path, "Less", List.of(before, capacity(path, rows)));
        return graph.multiply(path, gates, graph.cast(path, fits, DType.F32));
    }

    /** Numbers of experts [tokens, k] as [tokens, k, E]. */
    private String oneHot(String path, String numbers) {
        String depth = graph.integer(path, config.experts().count());
        return graph.node(
                path, "OneHot", List.of(numbers, depth, graph.floats(path + "/off_on", new float[] {0, 1}, 2)));
    }

    /** Over the choices of a token, [tokens, k, E] to [tokens, E]. */
    private String sum(String path, String x) {
        return graph.node(path, "ReduceSum", List.of(x, graph.integers(path, 1)), "keepdims", 0L);
    }

    /** As {@link Experts#capacity}, in double like there. */
    private String capacity(String path, String rows) {
        Experts experts = config.experts();
        String tokens = graph.cast(path, graph.sizes(path, rows, 0, 1), DType.F64);
        String picks = graph.multiply(path, tokens, graph.scalar(path, DType.F64, experts.chosen()));
        String even = graph.node(path, "Div", List.of(picks, graph.scalar(path, DType.F64, experts.count())));
        String places = graph.multiply(path, even, graph.scalar(path, DType.F64, experts.capacityFactor()));
        return graph.cast(path, graph.cast(path, places, DType.I64), DType.F32);
    }
}

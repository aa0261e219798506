package org.s2d.export;

import java.util.List;
import org.s2d.export.OnnxLayers.Heads;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dConfig.GlobalPool;
import org.s2d.model.s2d.S2dConfig.Mode;
import org.s2d.model.s2d.S2dConfig.TemporalAdapter;

/** {@link org.s2d.model.s2d.S2dModel} as a graph, step for step as its forward pass. */
final class S2dOnnx {
    /** Of every layer norm but the adapters'. */
    private static final double EPS = 1e-6;

    private static final double ADAPTER_EPS = 1e-5;

    private final OnnxGraph graph;
    private final OnnxLayers layers;
    private final S2dConfig config;

    S2dOnnx(OnnxGraph graph, OnnxLayers layers, S2dConfig config) {
        this.graph = graph;
        this.layers = layers;
        this.config = config;
    }

    /** Frames [F, 3, H, W] and landmark feature maps [F, C, h, w], or one map for all frames. */
    OnnxLayers.Scores build(String frames, String maps) {
        String tokens = encode(frames, maps);
        String path = config.globalPool() == GlobalPool.TOKEN ? "ln_post" : "fc_norm";
        String perFrame = config.globalPool() == GlobalPool.TOKEN
                ? graph.select(path, tokens, 1, 0)
                : graph.mean(
                        path, graph.split(path, tokens, 1, 1, config.tokens()).getLast(), 1);
        String normed = layers.layerNorm(path, perFrame, EPS);
        String clips = graph.reshape("head", normed, -1, config.frames(), config.embedDim());
        return layers.scores("head.fc_cls", graph.mean("head", clips, 1));
    }

    private String encode(String frames, String maps) {
        String tokens = layers.embedding("patch_embed.proj", frames, config.patchSize());
        String landmark = layers.embedding("patch_embed_prompt.proj", maps, 1);
        for (int i = 0; i < config.depth(); i++) {
            String path = "prompt_blocks." + i;
            if (i < config.prompters()) {
                List<String> parts = i == 0 ? List.of(tokens) : graph.split(path, tokens, 1, 1, config.tokens());
                String u = layers.layerNorm("prompt_norms." + Math.max(0, i - 1), parts.getLast(), EPS);
                String v = layers.layerNorm("prompt_norms.0", landmark, EPS);
                landmark = prompt(path, u, v);
                String sum = graph.add(path, parts.getLast(), landmark);
                if (config.mode() == Mode.VIDEO) {
                    sum = graph.add(path, sum, adapter(path + ".TMA", u));
                }
                tokens = i == 0 ? sum : graph.concat(path, 1, parts.getFirst(), sum);
            } else if (i == 0) {
                tokens = graph.add("patch_embed_prompt", tokens, landmark);
            }
            if (i == 0) {
                tokens = assemble(tokens);
            }
            tokens = block("blocks." + i, tokens);
        }
        return tokens;
    }

    /** The prompt p from normed image tokens and landmark tokens. */
    private String prompt(String path, String image, String landmark) {
        return switch (config.prompter()) {
            case FOVEA -> {
                String narrow = layers.linear(path + ".conv0_0", image);
                String sharpened = graph.multiply(path + ".fovea", narrow, layers.weight(path + ".fovea.smooth"));
                String focused = graph.multiply(path + ".fovea", graph.softmax(path + ".fovea", sharpened, 1), narrow);
                String sum = graph.add(path, focused, layers.linear(path + ".conv0_1", landmark));
                yield layers.linear(path + ".conv1x1", sum);
            }
            case CROSS_ATTENTION -> {
                int width = config.adapterWidth();
                Heads heads = Heads.overTokens(S2dConfig.CROSS_HEADS, width);
                yield layers.crossAttention(path, image, landmark, width, heads);
            }
        };
    }

    /** TMA: a bottleneck that mixes frames, a layer norm, a bottleneck that does not. */
    private String adapter(String path, String x) {
        String temporal = path + ".T_Adapter";
        String narrow = graph.gelu(temporal, layers.linear(temporal + ".D_fc1", x));
        String mixed = layers.linear(temporal + ".D_fc2", overTime(temporal, narrow));
        String normed = layers.layerNorm(path + ".norm", mixed, ADAPTER_EPS);
        return layers.mlp(path + ".S_Adapter", ".D_fc1", ".D_fc2", normed);
    }

    private String overTime(String path, String x) {
        int width = config.adapterWidth();
        if (config.temporalAdapter() == TemporalAdapter.CONV) {
            return layers.timeConvolution(path + ".conv", x, width, config.frames(), config.tokens());
        }
        Heads heads = Heads.overTime(S2dConfig.ADAPTER_HEADS, width, config.frames(), config.tokens());
        return layers.selfAttention(path + ".attn", x, width, heads);
    }

    /** Class token in front of every frame's tokens, positions, and the frame's place in time. */
    private String assemble(String tokens) {
        String path = "tokens";
        int width = config.embedDim();
        String count = graph.concat(path, 0, graph.sizes(path, tokens, 0, 1), graph.integers(path, 1, width));
        String cls = graph.node(path, "Expand", List.of(layers.weight("cls_token"), count));
        String placed = graph.add(path, graph.concat(path, 1, cls, tokens), layers.weight("pos_embed"));
        if (config.mode() == Mode.IMAGE) {
            return placed;
        }
        long all = config.tokens() + 1L;
        String clips = graph.reshape(path, placed, -1, config.frames(), all, width);
        String moments = graph.reshape(path, layers.weight("temporal_embedding"), 1, config.frames(), 1, width);
        return graph.reshape(path, graph.add(path, clips, moments), -1, all, width);
    }

    private String block(String path, String x) {
        String normed = layers.layerNorm(path + ".norm1", x, EPS);
        Heads heads = Heads.overTokens(config.heads(), config.embedDim());
        String mixed = layers.selfAttention(path + ".attn", normed, config.embedDim(), heads);
        String middle = graph.add(path, x, mixed);
        String second = layers.layerNorm(path + ".norm2", middle, EPS);
        return graph.add(path, middle, layers.mlp(path + ".mlp", ".fc1", ".fc2", second));
    }
}

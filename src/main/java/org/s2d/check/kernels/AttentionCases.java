package org.s2d.check.kernels;

import static org.s2d.check.kernels.Operand.Role.PREPARED;
import static org.s2d.check.kernels.Operand.Role.READ;
import static org.s2d.check.kernels.Operand.Role.WRITTEN;

import java.util.List;
import java.util.function.UnaryOperator;
import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/** Attention of the encoder over the tokens of a frame, and of the adapter over the frames of a clip. */
final class AttentionCases {
    private static final int ADAPTER_HEADS = 8;
    /** Products of the forward and of the backward pass, which computes the scores again. */
    private static final double FORWARD = 2;

    private static final double BACKWARD = 5;

    private AttentionCases() {}

    /**
     * Packed tokens seen as the device wants them.
     *
     * @param layout of a part [F, N, H*d]
     */
    private record Packed(int width, int heads, UnaryOperator<Tensor> layout) {
        Tensor part(Tensor packed, int index) {
            return layout.apply(packed.narrow(2, index * width, width));
        }

        double scale() {
            return 1 / Math.sqrt(width / (double) heads);
        }

        void forward(Device device, Tensors t) {
            Tensor qkv = t.get("qkv");
            device.attention()
                    .attention(
                            part(t.get("out"), 0),
                            t.get("logSumExp"),
                            part(qkv, 0),
                            part(qkv, 1),
                            part(qkv, 2),
                            scale());
        }

        void backward(Device device, Tensors t) {
            Tensor qkv = t.get("qkv");
            Tensor grad = t.get("gradQkv");
            device.attention()
                    .attentionBackward(
                            part(grad, 0),
                            part(grad, 1),
                            part(grad, 2),
                            part(t.get("gradOut"), 0),
                            part(qkv, 0),
                            part(qkv, 1),
                            part(qkv, 2),
                            part(t.get("out"), 0),
                            t.get("logSumExp"),
                            scale());
        }
    }

    static List<KernelCase> of(Sizes s, DType type) {
        int images = s.images();
        int tokens = s.tokens();
        int heads = s.heads();
        Packed overTokens = new Packed(
                s.width(),
                heads,
                part -> part.unflatten(-1, heads, s.width() / heads).unflatten(0, part.dim(0), 1));
        double products = 2.0 * tokens * tokens * s.width() * images;
        KernelCase forward = KernelCase.of("attention over tokens, forward", type)
                .activation("qkv", READ, images, tokens, 3 * s.width())
                .activation("out", WRITTEN, images, tokens, s.width())
                .plain("logSumExp", WRITTEN, images, 1, heads, tokens)
                .checkedRows(1)
                .flops(FORWARD * products)
                .run(overTokens::forward);
        KernelCase backward = KernelCase.of("attention over tokens, backward", type)
                .activation("qkv", READ, images, tokens, 3 * s.width())
                .activation("gradOut", READ, images, tokens, s.width())
                .activation("out", PREPARED, images, tokens, s.width())
                .plain("logSumExp", PREPARED, images, 1, heads, tokens)
                .activation("gradQkv", WRITTEN, images, tokens, 3 * s.width())
                .checkedRows(1)
                .flops(BACKWARD * products)
                .prepare(overTokens::forward)
                .run(overTokens::backward);
        return List.of(forward, backward, overTime(s, type, false), overTime(s, type, true));
    }

    /** Too small for tensor cores to matter: its operations do not count, memory is its limit. */
    private static KernelCase overTime(Sizes s, DType type, boolean backward) {
        int images = s.images();
        int patches = s.patches();
        int width = s.adapter();
        Packed packed = new Packed(
                width,
                ADAPTER_HEADS,
                part -> part.unflatten(-1, ADAPTER_HEADS, width / ADAPTER_HEADS)
                        .unflatten(0, part.dim(0) / s.frames(), s.frames())
                        .permute(0, 2, 1, 3, 4));
        KernelCase common = KernelCase.of("attention over time, " + (backward ? "backward" : "forward"), type)
                .activation("qkv", READ, images, patches, 3 * width)
                .activation("out", backward ? PREPARED : WRITTEN, images, patches, width)
                .plain("logSumExp", backward ? PREPARED : WRITTEN, s.clips(), patches, ADAPTER_HEADS, s.frames());
        return backward
                ? common.activation("gradOut", READ, images, patches, width)
                        .activation("gradQkv", WRITTEN, images, patches, 3 * width)
                        .prepare(packed::forward)
                        .run(packed::backward)
                : common.run(packed::forward);
    }
}

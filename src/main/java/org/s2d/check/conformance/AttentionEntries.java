package org.s2d.check.conformance;

import static org.s2d.check.conformance.Input.normal;
import static org.s2d.check.conformance.Input.wide;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.Attention;
import org.s2d.autograd.ops.Fovea;
import org.s2d.autograd.ops.FoveaPrompt;
import org.s2d.autograd.ops.TemporalConv;

/** Attention in its three layouts, the fovea and the convolution over time. */
final class AttentionEntries {
    private AttentionEntries() {}

    static List<OpEntry> entries() {
        return List.of(
                overTokens(),
                overTime(),
                cross(),
                fovea(),
                foveaPrompt(),
                temporalConv(
                        "convolution over time",
                        (tape, in) -> TemporalConv.apply(tape, in.get(0), in.get(1), in.get(2), 4)),
                temporalConv(
                        "convolution over time of GELU",
                        (tape, in) -> TemporalConv.ofGelu(tape, in.get(0), in.get(1), in.get(2), 4)));
    }

    /**
     * The sizes that the GPU's kernels were made for, and each width and length for which there is one of its own: several tiles of keys,
     * several blocks of queries; every width of head; the adapter's layout; more heads than a block takes.
     */
    static List<OpEntry> kernelSizes() {
        return List.of(
                OpEntry.of("197 tokens, head of 64", (tape, in) -> Attention.overTokens(tape, in.getFirst(), 1))
                        .sample(normal(1, 197, 3 * 64)),
                OpEntry.of("heads of 128", (tape, in) -> Attention.overTokens(tape, in.getFirst(), 1))
                        .sample(normal(1, 75, 3 * 128)),
                OpEntry.of("heads of 20 side by side", (tape, in) -> Attention.overTokens(tape, in.getFirst(), 2))
                        .sample(normal(2, 18, 3 * 2 * 20)),
                OpEntry.of("more keys than queries", (tape, in) -> Attention.cross(tape, in.get(0), in.get(1), 2))
                        .sample(normal(1, 33, 2 * 16), normal(1, 70, 2 * 2 * 16)),
                OpEntry.of("one query of 197 keys", (tape, in) -> Attention.cross(tape, in.get(0), in.get(1), 2))
                        .sample(normal(2, 1, 2 * 64), normal(2, 197, 2 * 2 * 64)),
                OpEntry.of("16 frames, 8 heads of 24", (tape, in) -> Attention.overTime(tape, in.getFirst(), 8, 16))
                        .sample(normal(16, 2, 3 * 8 * 24)),
                OpEntry.of("29 frames, 9 heads of 32", (tape, in) -> Attention.overTime(tape, in.getFirst(), 9, 29))
                        .sample(normal(29, 1, 3 * 9 * 32)),
                OpEntry.of("18 frames, heads of 8", (tape, in) -> Attention.overTime(tape, in.getFirst(), 3, 18))
                        .sample(normal(36, 2, 3 * 3 * 8)),
                OpEntry.of("one frame, heads of 16", (tape, in) -> Attention.overTime(tape, in.getFirst(), 2, 1))
                        .sample(normal(2, 2, 3 * 2 * 16)),
                // More columns than threads, and more channels than are summed at a time. Not for products that
                // add a thousand terms in a row: PyTorch's own float32 error is up to 3.4 times the limit here,
                // 14.7 times for the fovea's smooth.
                OpEntry.of("prompter of width 1032", AttentionEntries::foveaPrompt)
                        .sample(prompter(1, 5, 1032, 9)),
                OpEntry.of("prompter of width 521", AttentionEntries::foveaPrompt)
                        .sample(prompter(1, 11, 521, 2)));
    }

    /** The large samples have more queries than a block holds, and widths beyond a tile of products. */
    private static OpEntry overTokens() {
        return OpEntry.of("attention over tokens", (tape, in) -> Attention.overTokens(tape, in.get(0), 2))
                .sample(normal(2, 5, 3 * 2 * 4))
                .sample(wide(1, 9, 3 * 2 * 3))
                .sample(normal(1, 1, 3 * 2))
                .sample(normal(0, 5, 3 * 2 * 4))
                .sample(normal(2, 0, 3 * 2 * 4))
                .large(normal(1, 70, 3 * 2 * 64))
                .large(wide(1, 131, 3 * 2 * 10))
                .large(normal(1, 17, 3 * 2 * 100))
                .error("is not [F, N, 3 * 2 heads * d]", normal(2, 5, 16))
                .error("is not [F, N, 3 * 2 heads * d]", normal(5, 12));
    }

    /** Two heads and clips of four frames; one head and two frames in the smallest sample. */
    private static OpEntry overTime() {
        return OpEntry.of("attention over time", (tape, in) -> {
                    boolean smallest = in.get(0).dim(2) == 3;
                    return Attention.overTime(tape, in.get(0), smallest ? 1 : 2, smallest ? 2 : 4);
                })
                .sample(normal(8, 3, 3 * 2 * 2))
                .sample(normal(2, 1, 3))
                .sample(normal(0, 3, 3 * 2 * 2))
                .large(normal(8, 40, 3 * 2 * 24))
                .error("6 frames are not whole clips of 4", normal(6, 3, 12));
    }

    private static OpEntry cross() {
        return OpEntry.of("cross-attention", (tape, in) -> Attention.cross(tape, in.get(0), in.get(1), 2))
                .sample(normal(2, 3, 2 * 4), normal(2, 5, 2 * 2 * 4))
                .sample(normal(1, 6, 2 * 4), normal(1, 1, 2 * 2 * 4))
                .sample(normal(1, 1, 2), normal(1, 1, 2 * 2))
                .sample(normal(2, 0, 2 * 4), normal(2, 5, 2 * 2 * 4))
                .large(normal(1, 70, 2 * 20), normal(1, 90, 2 * 2 * 20))
                .error("no keys for the queries", normal(2, 3, 8), normal(2, 0, 16))
                .error("do not fit keys and values", normal(2, 3, 8), normal(2, 5, 12))
                .error("not divisible by 2 heads", normal(2, 3, 5), normal(2, 5, 10));
    }

    private static OpEntry fovea() {
        return OpEntry.of("fovea", (tape, in) -> Fovea.apply(tape, in.get(0), in.get(1)))
                .sample(normal(2, 7, 3), normal(1).parameter())
                .sample(wide(1, 5, 8), normal(1).parameter())
                .sample(normal(1, 1, 1), normal(1).parameter())
                .sample(normal(0, 7, 3), normal(1).parameter())
                .large(normal(12, 196, 8), normal(1).parameter())
                .error("expected [F, N, C] and one element", normal(7, 3), normal(1))
                .error("expected [F, N, C] and one element", normal(2, 7, 3), normal(3));
    }

    private static OpEntry foveaPrompt() {
        return OpEntry.of("fovea prompter", AttentionEntries::foveaPrompt)
                .sample(prompter(2, 7, 12, 3))
                .sample(prompter(1, 5, 16, 8))
                .sample(prompter(1, 1, 1, 1))
                .sample(prompter(0, 7, 8, 3))
                .large(prompter(3, 50, 24, 8))
                .error(
                        "expected twice [F, N, D] and [H, D]",
                        normal(2, 7, 5),
                        normal(2, 7, 5),
                        normal(3, 6),
                        normal(3),
                        normal(3, 6),
                        normal(3),
                        normal(1),
                        normal(6, 3),
                        normal(6));
    }

    static Var foveaPrompt(Tape tape, List<Var> in) {
        // Of the size that weights have, else the softmax is a jump.
        Var focus = Arithmetic.scale(tape, in.get(2), 0.1);
        FoveaPrompt.Weights weights = new FoveaPrompt.Weights(
                new FoveaPrompt.Convolution(focus, in.get(3)),
                new FoveaPrompt.Convolution(in.get(4), in.get(5)),
                in.get(6),
                new FoveaPrompt.Convolution(in.get(7), in.get(8)));
        return FoveaPrompt.apply(tape, in.get(0), in.get(1), weights).prompt();
    }

    /** Both streams, then the weights and biases of focus, other, the fovea and back. */
    static Input[] prompter(int frames, int positions, int width, int channels) {
        return new Input[] {
            normal(frames, positions, width),
            normal(frames, positions, width),
            normal(channels, width, 1, 1).parameter(),
            normal(channels).parameter(),
            normal(channels, width).parameter(),
            normal(channels).parameter(),
            normal(1).parameter(),
            normal(width, channels).parameter(),
            normal(width).parameter()
        };
    }

    private static OpEntry temporalConv(String name, OpEntry.SingleOperation operation) {
        return OpEntry.of(name, operation)
                .sample(normal(8, 3, 5), normal(5, 1, 3).parameter(), normal(5).parameter())
                .sample(normal(4, 2, 17), normal(17, 9).parameter(), normal(17).parameter())
                .sample(normal(4, 1, 1), normal(1, 1, 1).parameter(), normal(1).parameter())
                .sample(normal(0, 3, 5), normal(5, 1, 3).parameter(), normal(5).parameter())
                .large(
                        normal(8, 50, 48),
                        normal(48, 1, 3).parameter(),
                        normal(48).parameter())
                .sample(normal(4, 3, 16), normal(16, 3).parameter(), normal(16).parameter())
                .error("is not [B * 4 frames, N, C]", normal(6, 3, 5), normal(5, 3), normal(5))
                .error("expected [C, K] with odd K", normal(4, 3, 5), normal(5, 2), normal(5))
                .error("expected [C, K] with odd K", normal(4, 3, 5), normal(4, 3), normal(5))
                .error("bias is (4)", normal(4, 3, 5), normal(5, 3), normal(4));
    }
}

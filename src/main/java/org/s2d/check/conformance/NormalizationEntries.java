package org.s2d.check.conformance;

import static org.s2d.check.conformance.Input.normal;
import static org.s2d.check.conformance.Input.wide;

import java.util.List;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.LayerNorm;
import org.s2d.autograd.ops.LogSoftmax;
import org.s2d.autograd.ops.PooledNorm;
import org.s2d.autograd.ops.ResidualNorm;
import org.s2d.autograd.ops.Softmax;

/** Layer normalisation and softmax. */
final class NormalizationEntries {
    private NormalizationEntries() {}

    static List<OpEntry> entries() {
        return List.of(
                OpEntry.of(
                                "layerNorm",
                                (tape, in) -> LayerNorm.apply(
                                        tape, in.get(0), in.get(1), in.get(2), 1e-6, tape.computeType()))
                        .sample(
                                normal(2, 3, 16),
                                normal(16).parameter(),
                                normal(16).parameter())
                        .sample(wide(5, 37), normal(37).parameter(), normal(37).parameter())
                        .sample(normal(1, 1), normal(1).parameter(), normal(1).parameter())
                        .sample(normal(0, 8), normal(8).parameter(), normal(8).parameter())
                        .large(
                                normal(200, 130),
                                normal(130).parameter(),
                                normal(130).parameter())
                        // Kernels differ by the width of a row.
                        .large(
                                wide(37, 192),
                                normal(192).parameter(),
                                normal(192).parameter())
                        .large(
                                wide(9, 384),
                                normal(384).parameter(),
                                normal(384).parameter())
                        .large(
                                wide(9, 768),
                                normal(768).parameter(),
                                normal(768).parameter())
                        .large(
                                wide(9, 1000),
                                normal(1000).parameter(),
                                normal(1000).parameter())
                        .large(
                                wide(9, 1032),
                                normal(1032).parameter(),
                                normal(1032).parameter())
                        .error(
                                "do not fit the last dimension",
                                normal(2, 5),
                                normal(4).parameter(),
                                normal(5).parameter()),
                OpEntry.of(
                                "layerNorm beside a residual connection",
                                (tape, in) -> Arithmetic.add(
                                        tape,
                                        in.get(0),
                                        LayerNorm.apply(
                                                tape, in.get(0), in.get(1), in.get(2), 1e-6, tape.computeType())))
                        .sample(
                                normal(2, 3, 16),
                                normal(16).parameter(),
                                normal(16).parameter())
                        .sample(wide(5, 37), normal(37).parameter(), normal(37).parameter())
                        .sample(normal(1, 1), normal(1).parameter(), normal(1).parameter())
                        .sample(normal(0, 8), normal(8).parameter(), normal(8).parameter())
                        .large(
                                wide(9, 768),
                                normal(768).parameter(),
                                normal(768).parameter()),
                residualNorm("layerNorm of a sum after a class token", 1, false)
                        .error(
                                "after the first 1 tokens",
                                normal(2, 3, 16),
                                normal(2, 3, 16),
                                normal(2, 2, 16),
                                normal(2).constant(),
                                normal(16),
                                normal(16)),
                residualNorm("layerNorm of a sum with factors", 0, true),
                OpEntry.of(
                                "pooled layerNorm",
                                (tape, in) -> PooledNorm.apply(tape, in.get(0), 4, in.get(1), in.get(2), 1e-6))
                        .sample(
                                normal(8, 16),
                                normal(16).parameter(),
                                normal(16).parameter())
                        .sample(wide(4, 37), normal(37).parameter(), normal(37).parameter())
                        .sample(normal(4, 1), normal(1).parameter(), normal(1).parameter())
                        .sample(normal(0, 8), normal(8).parameter(), normal(8).parameter())
                        .large(
                                normal(44, 384),
                                normal(384).parameter(),
                                normal(384).parameter())
                        .error("is not [B * 4 frames, D]", normal(6, 8), normal(8), normal(8)),
                softmax("softmax", (tape, in) -> Softmax.apply(tape, in.get(0))),
                softmax("logSoftmax", (tape, in) -> LogSoftmax.apply(tape, in.get(0))));
    }

    /** Operands: x, two addends, factors of the first, weight, bias. */
    private static OpEntry residualNorm(String name, int skip, boolean factors) {
        OpEntry entry = OpEntry.ofMany(name, (tape, in) -> {
            ResidualNorm.Addends addends = factors
                    ? ResidualNorm.Addends.branch(in.get(1), in.get(3).value())
                    : ResidualNorm.Addends.after(skip, List.of(in.get(1), in.get(2)));
            ResidualNorm.Result result =
                    ResidualNorm.apply(tape, in.get(0), addends, in.get(4), in.get(5), 1e-6, tape.computeType());
            return List.of(result.sum(), result.normed());
        });
        for (int[] size : new int[][] {{2, 3, 16}, {3, 2, 13}, {1, 1 + skip, 1}, {0, 3, 8}}) {
            entry = entry.sample(operands(size, skip));
        }
        for (int[] size : new int[][] {{3, 5, 512}, {2, 3, 768}, {2, 3, 1000}, {1, 3, 1032}}) {
            entry = entry.large(operands(size, skip));
        }
        return entry;
    }

    private static Input[] operands(int[] size, int skip) {
        Input addend = normal(size[0], size[1] - skip, size[2]);
        Input parameter = normal(size[2]).parameter();
        return new Input[] {
            normal(size), addend, addend, normal(size[0]).parameter().constant(), parameter, parameter
        };
    }

    private static OpEntry softmax(String name, OpEntry.SingleOperation operation) {
        return OpEntry.of(name, operation)
                .sample(normal(2, 3, 7))
                .sample(wide(4, 37))
                .sample(normal(1))
                .sample(normal(0, 5))
                .sample(normal(3, 0))
                .large(wide(300, 70))
                .error("scalar", normal());
    }
}

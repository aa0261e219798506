package org.s2d.autograd.conformance;

import static org.s2d.autograd.conformance.Input.normal;
import static org.s2d.autograd.conformance.Input.wide;

import java.util.List;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.LayerNorm;
import org.s2d.autograd.ops.LogSoftmax;
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
                softmax("softmax", (tape, in) -> Softmax.apply(tape, in.get(0))),
                softmax("logSoftmax", (tape, in) -> LogSoftmax.apply(tape, in.get(0))));
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

package org.s2d.check.conformance;

import static org.s2d.check.conformance.Input.normal;
import static org.s2d.check.conformance.Input.unit;
import static org.s2d.check.conformance.Input.wide;

import java.util.Arrays;
import java.util.List;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.AnchorLoss;
import org.s2d.autograd.ops.BinaryCrossEntropy;
import org.s2d.autograd.ops.CosineSimilarity;
import org.s2d.autograd.ops.CrossEntropy;
import org.s2d.check.conformance.OpEntry.Exemption;
import org.s2d.device.Losses;

/** Losses and similarities. */
final class LossEntries {
    private LossEntries() {}

    static List<OpEntry> entries() {
        return List.of(
                loss("crossEntropy", (tape, in) -> CrossEntropy.apply(tape, in.get(0), in.get(1))),
                loss("binaryCrossEntropy", (tape, in) -> BinaryCrossEntropy.apply(tape, in.get(0), in.get(1))),
                OpEntry.of("cosineSimilarity", (tape, in) -> CosineSimilarity.apply(tape, in.get(0), in.get(1)))
                        .sample(normal(3, 4, 9), normal(9))
                        .sample(wide(5, 37), normal(37))
                        .sample(normal(4), normal(4))
                        .sample(normal(1, 1), normal(1))
                        .sample(normal(0, 7), normal(7))
                        .large(normal(300, 70), normal(70))
                        .error("expected [..., D] and [D]", normal(4, 7), normal(6)),
                OpEntry.of("crossEntropy with smoothed labels", (tape, in) -> {
                            Var logits = in.get(0);
                            long[] labels = new long[logits.dim(0)];
                            Arrays.setAll(labels, b -> b % 3);
                            return CrossEntropy.ofLabels(tape, logits, labels, 0.1);
                        })
                        .sample(normal(5, 7))
                        .sample(wide(3, 19))
                        .sample(normal(1, 1))
                        .large(wide(300, 70))
                        .sample(normal(0, 7))
                        .error("label 2 is not one of 2 classes", normal(3, 2)),
                OpEntry.ofMany("anchorLoss", (tape, in) -> {
                            Losses.Anchors anchors = new Losses.Anchors(
                                    in.get(2).value(), in.get(3).value());
                            int k = Math.min(2, in.get(2).dim(1));
                            AnchorLoss.Result result =
                                    AnchorLoss.apply(tape, in.get(0), in.get(1).value(), anchors, k);
                            return List.of(result.loss(), result.target());
                        })
                        .sample(anchored(4, 3, 5, 11))
                        .sample(anchored(1, 1, 1, 2))
                        .sample(anchored(0, 3, 5, 11))
                        .large(anchored(3, 7, 40, 70))
                        // Which anchors are the nearest is a jump.
                        .exempt(Exemption.FINITE_ONLY)
                        .error(
                                "are not [B, D] and [C, S, D]",
                                normal(4, 3),
                                unit(4, 11).constant(),
                                unit(3, 5, 12).constant(),
                                unit(3, 5, 3).constant()));
    }

    /** Logits, features, queue and distributions. Of one sign, so that the similarities' sum is far from zero. */
    private static Input[] anchored(int batch, int classes, int size, int width) {
        return new Input[] {
            normal(batch, classes),
            unit(batch, width).constant(),
            unit(classes, size, width).parameter().constant(),
            unit(classes, size, classes).parameter().constant()
        };
    }

    private static OpEntry loss(String name, OpEntry.SingleOperation operation) {
        return OpEntry.of(name, operation)
                .sample(normal(4, 7), unit(4, 7).constant())
                .sample(wide(3, 19), unit(3, 19).constant())
                .sample(normal(1, 1), unit(1, 1).constant())
                .sample(normal(0, 7), unit(0, 7).constant())
                .large(wide(300, 70), unit(300, 70).constant())
                .error("are not both [B, C]", normal(4, 7), unit(4, 6).constant())
                .error("no gradient", normal(4, 7), unit(4, 7));
    }
}

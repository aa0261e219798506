package org.s2d.autograd.conformance;

import static org.s2d.autograd.conformance.Input.normal;
import static org.s2d.autograd.conformance.Input.unit;
import static org.s2d.autograd.conformance.Input.wide;

import java.util.Arrays;
import java.util.List;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.BinaryCrossEntropy;
import org.s2d.autograd.ops.CosineSimilarity;
import org.s2d.autograd.ops.CrossEntropy;

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
                            return CrossEntropy.apply(
                                    tape, logits, CrossEntropy.smoothedTargets(tape, labels, logits.dim(1), 0.1));
                        })
                        .sample(normal(5, 7))
                        .sample(normal(1, 1))
                        .sample(normal(0, 7))
                        .error("label 2 is not one of 2 classes", normal(3, 2)));
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

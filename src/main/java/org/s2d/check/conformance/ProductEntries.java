package org.s2d.check.conformance;

import static org.s2d.check.conformance.Input.normal;

import java.util.List;
import org.s2d.autograd.ops.Activations;
import org.s2d.autograd.ops.Linear;

/** Linear layers. */
final class ProductEntries {
    private ProductEntries() {}

    static List<OpEntry> entries() {
        return List.of(
                withBias("linear", (tape, in) -> Linear.apply(tape, in.get(0), in.get(1), in.get(2))),
                withBias("linear, then gelu", (tape, in) -> Linear.gelu(tape, in.get(0), in.get(1), in.get(2))),
                withBias(
                        "linear computed again",
                        (tape, in) -> Activations.gelu(tape, Linear.cheap(tape, in.get(0), in.get(1), in.get(2)))),
                withBias("linear in float", (tape, in) -> Linear.inFloat(tape, in.get(0), in.get(1), in.get(2))),
                OpEntry.of("linear without bias", (tape, in) -> Linear.apply(tape, in.get(0), in.get(1), null))
                        .sample(normal(2, 3, 7), normal(5, 7).parameter())
                        .sample(normal(1, 1), normal(1, 1).parameter())
                        .sample(normal(0, 7), normal(5, 7).parameter()),
                OpEntry.of(
                                "linear with residual",
                                (tape, in) -> Linear.withResidual(tape, in.get(0), in.get(1), in.get(2), in.get(3)))
                        .sample(
                                normal(2, 3, 7),
                                normal(5, 7).parameter(),
                                normal(5).parameter(),
                                normal(2, 3, 5))
                        .sample(
                                normal(1, 1),
                                normal(1, 1).parameter(),
                                normal(1).parameter(),
                                normal(1, 1))
                        .sample(
                                normal(0, 7),
                                normal(5, 7).parameter(),
                                normal(5).parameter(),
                                normal(0, 5))
                        .error(
                                "does not fit output",
                                normal(2, 7),
                                normal(5, 7).parameter(),
                                normal(5).parameter(),
                                normal(3, 5)));
    }

    private static OpEntry withBias(String name, OpEntry.SingleOperation operation) {
        return OpEntry.of(name, operation)
                .sample(normal(2, 3, 7), normal(5, 7).parameter(), normal(5).parameter())
                .sample(normal(4, 6), normal(5, 6, 1, 1).parameter(), normal(5).parameter())
                .sample(normal(1, 1), normal(1, 1).parameter(), normal(1).parameter())
                .sample(normal(0, 7), normal(5, 7).parameter(), normal(5).parameter())
                .large(normal(300, 70), normal(33, 70).parameter(), normal(33).parameter())
                .error(
                        "inner dimensions differ: (2, 7) x (5, 6)",
                        normal(2, 7),
                        normal(5, 6).parameter(),
                        normal(5).parameter())
                .error(
                        "Did you mean the transposed weight?",
                        normal(2, 5),
                        normal(5, 6).parameter(),
                        normal(5).parameter())
                .error(
                        "bias (4) for 5 outputs",
                        normal(2, 6),
                        normal(5, 6).parameter(),
                        normal(4).parameter());
    }
}

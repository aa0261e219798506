package org.s2d.check.conformance;

import static org.s2d.check.conformance.Input.bit;
import static org.s2d.check.conformance.Input.normal;
import static org.s2d.check.conformance.Input.offZero;
import static org.s2d.check.conformance.Input.wide;

import java.util.List;
import org.s2d.autograd.ops.Activations;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.DropPath;
import org.s2d.autograd.ops.Dropout;
import org.s2d.check.conformance.OpEntry.Exemption;
import org.s2d.device.Elementwise.Unary;

/** Activations, arithmetic with broadcasting, dropout. */
final class ElementwiseEntries {
    private ElementwiseEntries() {}

    static List<OpEntry> entries() {
        return List.of(
                activation(Unary.GELU),
                activation(Unary.SIGMOID),
                activation(Unary.SOFTPLUS),
                activation(Unary.RELU),
                activation(Unary.RELU6),
                binary("add", (tape, in) -> Arithmetic.add(tape, in.get(0), in.get(1))),
                binary("multiply", (tape, in) -> Arithmetic.multiply(tape, in.get(0), in.get(1))),
                OpEntry.of("scale", (tape, in) -> Arithmetic.scale(tape, in.get(0), -0.37))
                        .sample(normal(3, 5, 7))
                        .sample(normal(1))
                        .sample(normal(2, 0))
                        .large(normal(50, 407)),
                OpEntry.of("sum over rows", (tape, in) -> Arithmetic.sum(tape, in.get(0), 0))
                        .sample(normal(6, 5))
                        .sample(normal(4, 2, 19))
                        .sample(normal(1, 1))
                        .sample(normal(3, 0))
                        .large(normal(500, 67)),
                OpEntry.of("mean over time", (tape, in) -> Arithmetic.mean(tape, in.get(0), 1))
                        .sample(normal(2, 4, 5))
                        .sample(normal(1, 1, 1))
                        .sample(normal(0, 4, 5))
                        .large(normal(4, 16, 400)),
                OpEntry.of("sum over columns", (tape, in) -> Arithmetic.sum(tape, in.get(0), -1))
                        .sample(normal(3, 37))
                        .sample(normal(1))
                        .sample(normal(0, 4))
                        .large(normal(41, 500))
                        .large(normal(3, 20000)),
                OpEntry.of("dropout", (tape, in) -> Dropout.apply(tape, in.get(0), 0.3))
                        .sample(normal(5, 9))
                        .sample(normal(1))
                        .sample(normal(0))
                        .large(normal(50, 407)),
                OpEntry.of("drop path", (tape, in) -> DropPath.apply(tape, in.get(0), 0.5))
                        .sample(normal(6, 3, 4))
                        .sample(normal(1))
                        .sample(normal(0, 3))
                        .large(normal(8, 50, 60)),
                OpEntry.of(
                                "drop path with given scales",
                                (tape, in) -> DropPath.scaled(
                                        tape, in.get(0), in.get(1).value()))
                        .sample(normal(6, 3, 4), bit(6, 1, 1).constant())
                        .sample(normal(1, 1, 1), bit(1, 1, 1).constant())
                        .sample(normal(0, 3), bit(0, 1).constant())
                        .error("do not fit", normal(4, 3), bit(5, 1).constant()));
    }

    private static OpEntry activation(Unary function) {
        boolean corner = function == Unary.RELU || function == Unary.RELU6;
        OpEntry entry = OpEntry.of(
                        function.name().toLowerCase(java.util.Locale.ROOT),
                        (tape, in) -> Activations.apply(tape, function, in.get(0)))
                .sample(corner ? offZero(3, 5, 7) : normal(3, 5, 7))
                .sample(wide(4, 33))
                .sample(normal(1))
                .sample(normal())
                .sample(normal(0, 4))
                .large(wide(60, 409));
        return function == Unary.RELU6 ? entry.exempt(Exemption.NO_DIFFERENCES) : entry;
    }

    private static OpEntry binary(String name, OpEntry.SingleOperation operation) {
        return OpEntry.of(name, operation)
                .sample(normal(3, 4, 5), normal(3, 4, 5))
                .sample(normal(3, 4, 5), normal(5))
                .sample(normal(3, 1, 5), normal(4, 1))
                .sample(normal(2, 6), normal())
                .sample(normal(2, 3, 17), normal(2, 1, 1))
                .sample(normal(1), normal(1))
                .sample(normal(0, 5), normal(5))
                .large(normal(40, 30, 20), normal(40, 1, 20))
                .large(normal(300, 70), normal(70))
                .error("do not fit: (2, 3) and (4)", normal(2, 3), normal(4));
    }
}

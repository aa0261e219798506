package org.s2d.check.conformance;

import static org.s2d.check.conformance.Input.normal;

import java.util.List;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.Tokens;
import org.s2d.autograd.ops.Views;
import org.s2d.tensor.Shape;

/** Views, and operations on tokens, which are copies between views. */
final class ViewEntries {
    private ViewEntries() {}

    static List<OpEntry> entries() {
        return List.of(
                OpEntry.of("reshape", (tape, in) -> Views.reshape(tape, in.get(0), -1, 2))
                        .sample(normal(3, 4))
                        .sample(normal(1, 2, 1))
                        .sample(normal(2, 1).constant())
                        .exempt(OpEntry.Exemption.NEVER_EMPTY)
                        .error("reshape", normal(3)),
                OpEntry.of("permute", (tape, in) -> Views.permute(tape, in.get(0), 2, 0, 1))
                        .sample(normal(2, 3, 4))
                        .sample(normal(1, 1, 1))
                        .sample(normal(2, 0, 4))
                        .large(normal(30, 40, 20))
                        .error("permute", normal(2, 3)),
                OpEntry.of("unflatten", (tape, in) -> Views.unflatten(tape, in.get(0), 1, 2, 3))
                        .sample(normal(2, 6, 5))
                        .sample(normal(0, 6))
                        .sample(normal(1, 6))
                        .error("unflatten", normal(2, 5)),
                OpEntry.of("narrow", (tape, in) -> Views.narrow(tape, in.get(0), 1, 1, 2))
                        .sample(normal(2, 4, 3))
                        .sample(normal(0, 4, 3))
                        .sample(normal(1, 3))
                        .error("narrow", normal(2, 2)),
                OpEntry.of("select", (tape, in) -> Views.select(tape, in.get(0), 1, 0))
                        .sample(normal(2, 4, 3))
                        .sample(normal(0, 4, 3))
                        .sample(normal(1, 1))
                        .error("narrow", normal(2, 0)),
                OpEntry.of("expand", (tape, in) -> Views.expand(tape, in.get(0), Shape.of(3, 2, 4)))
                        .sample(normal(2, 1))
                        .sample(normal(1))
                        .sample(normal(4))
                        .exempt(OpEntry.Exemption.NEVER_EMPTY)
                        .error("do not fit", normal(5)),
                // A variable that several operations read collects the sum of their gradients.
                OpEntry.of("used three times", (tape, in) -> {
                            Var x = in.get(0);
                            Var sum = Arithmetic.add(tape, x, Views.contiguous(tape, x));
                            return Arithmetic.multiply(tape, sum, x);
                        })
                        .sample(normal(3, 4))
                        .sample(normal(1))
                        .sample(normal(0)),
                OpEntry.of("patches", (tape, in) -> Tokens.patches(tape, in.get(0), 2))
                        .sample(normal(2, 3, 2, 4, 6))
                        .sample(normal(1, 1, 1, 2, 2))
                        .sample(normal(0, 3, 1, 2, 2))
                        .large(normal(1, 3, 4, 40, 48))
                        .error("divisible", normal(1, 3, 1, 3, 4)));
    }
}

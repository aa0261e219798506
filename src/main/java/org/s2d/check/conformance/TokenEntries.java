package org.s2d.check.conformance;

import static org.s2d.check.conformance.Input.normal;
import static org.s2d.check.conformance.Input.positive;
import static org.s2d.check.conformance.Input.wide;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.Gather;
import org.s2d.autograd.ops.GroupedLinear;
import org.s2d.autograd.ops.PatchTargets;
import org.s2d.autograd.ops.Routing;
import org.s2d.autograd.ops.SquaredError;
import org.s2d.autograd.ops.Tokens;
import org.s2d.check.conformance.OpEntry.Exemption;
import org.s2d.device.TokenKernels.Standardise;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Tokens gathered, restored and sent to experts, and what a masked auto-encoder learns from. */
final class TokenEntries {
    private static final int CHOSEN = 2;

    private TokenEntries() {}

    static List<OpEntry> entries() {
        return Stream.of(places(), experts(), pixels()).flatMap(List::stream).toList();
    }

    private static List<OpEntry> places() {
        return List.of(
                OpEntry.of("gather", (tape, in) -> Gather.rows(tape, in.get(0), everyThird(tape, in.get(0))))
                        .sample(normal(2, 7, 5))
                        .sample(wide(9, 37))
                        .sample(normal(1, 1))
                        .sample(normal(0, 4))
                        .large(normal(3, 150, 70))
                        .error("has no rows", normal(5)),
                OpEntry.of("restore", (tape, in) -> {
                            Gather.Places back = everyThird(tape, in.get(2)).reversed();
                            return Gather.restore(
                                    tape, in.get(0), back, in.get(1), in.get(2).value());
                        })
                        .sample(
                                normal(3, 5),
                                normal(1, 1, 5).parameter(),
                                normal(7, 5).parameter().constant())
                        .sample(
                                normal(1, 1),
                                normal(1).parameter(),
                                normal(1, 1).parameter().constant())
                        .sample(
                                normal(0, 4),
                                normal(4).parameter(),
                                normal(0, 4).parameter().constant())
                        .large(
                                normal(100, 70),
                                normal(70).parameter(),
                                normal(298, 70).parameter().constant())
                        .error(
                                "rows, places are",
                                normal(2, 5),
                                normal(5).parameter(),
                                normal(7, 5).parameter().constant()));
    }

    private static List<OpEntry> experts() {
        return List.of(
                OpEntry.ofMany("routing", (tape, in) -> {
                            int tokens = in.get(0).dim(0) * in.get(0).dim(1);
                            // Experts take two thirds of what is sent to them on average, and drop the rest.
                            int capacity = 2 * CHOSEN * tokens / (3 * in.get(0).dim(2));
                            Routing.Result routing = Routing.apply(tape, in.get(0), CHOSEN, capacity);
                            Var rows = Gather.rows(tape, in.get(1), routing.places());
                            return List.of(routing.gates(), rows, Routing.balanceLoss(tape, in.get(0), routing));
                        })
                        .sample(normal(2, 7, 4).parameter(), normal(2, 7, 5))
                        .sample(normal(1, 3, 2).parameter(), normal(1, 3, 1))
                        .sample(wide(1, 9, 64).parameter(), normal(1, 9, 37))
                        .sample(normal(0, 7, 4).parameter(), normal(0, 7, 5))
                        .large(normal(3, 150, 8).parameter(), normal(3, 150, 70))
                        // Which experts score highest is a jump.
                        .exempt(Exemption.FINITE_ONLY)
                        .error("with at least 2 experts", normal(2, 7, 1).parameter(), normal(2, 7, 5)),
                OpEntry.ofMany("combine", (tape, in) -> {
                            int capacity = in.get(1).dim(0) / in.get(0).dim(2);
                            Routing.Result routing = Routing.apply(tape, in.get(0), CHOSEN, capacity);
                            Var gates = routing.gates();
                            return List.of(
                                    Gather.combine(tape, in.get(1), gates, routing, in.get(2)),
                                    Gather.combine(tape, in.get(1), gates, routing, null));
                        })
                        .sample(normal(2, 7, 4).parameter(), normal(16, 5), normal(2, 7, 5))
                        .sample(normal(1, 3, 2).parameter(), normal(4, 1), normal(1, 3, 1))
                        .sample(wide(1, 9, 64).parameter(), normal(64, 37), normal(1, 9, 37))
                        .sample(normal(0, 7, 4).parameter(), normal(0, 5), normal(0, 7, 5))
                        .large(normal(3, 150, 8).parameter(), normal(600, 70), normal(3, 150, 70))
                        .exempt(Exemption.FINITE_ONLY),
                grouped("groupedLinear", (tape, in) -> GroupedLinear.apply(tape, in.get(0), in.get(1), in.get(2))),
                grouped(
                        "groupedLinear, then gelu",
                        (tape, in) -> GroupedLinear.gelu(tape, in.get(0), in.get(1), in.get(2))));
    }

    private static List<OpEntry> pixels() {
        return List.of(
                OpEntry.of("squaredError", (tape, in) -> SquaredError.apply(tape, in.get(0), in.get(1)))
                        .sample(normal(4, 7), normal(4, 7).constant())
                        .sample(wide(3, 37), wide(3, 37).constant())
                        .sample(normal(1, 1), normal(1, 1).constant())
                        .sample(normal(0, 7), normal(0, 7).constant())
                        .large(normal(300, 70), normal(300, 70).constant())
                        .error("are not both [B, C]", normal(4, 7), normal(4, 6).constant())
                        .error("no gradient", normal(4, 7), normal(4, 7)),
                targets(Standardise.CHANNEL),
                targets(Standardise.PATCH),
                targets(Standardise.NOT),
                OpEntry.of("tubelets", (tape, in) -> Tokens.tubelets(tape, in.get(0), 2, 1))
                        .sample(normal(2, 3, 4, 4, 6))
                        .sample(normal(1, 1, 2, 1, 1))
                        .sample(normal(0, 3, 2, 2, 2))
                        .large(normal(1, 3, 4, 40, 48))
                        .error("and T by 2", normal(1, 3, 3, 4, 4)),
                OpEntry.of("normal noise", (tape, in) -> {
                            Tensor noise =
                                    tape.allocate(tape.floatType(), in.get(0).shape());
                            tape.device().elementwise().normal(noise, tape.nextSeed());
                            return Arithmetic.multiply(tape, in.get(0), tape.constant(noise));
                        })
                        .sample(normal(5, 9))
                        .sample(normal(1))
                        .sample(normal(0, 4))
                        .large(normal(50, 407)));
    }

    /** Rows 0, 3, 6, ... of the rows that x has. */
    private static Gather.Places everyThird(Tape tape, Var x) {
        int rows =
                x.shape().rank() < 2 ? 0 : Math.toIntExact(x.shape().without(-1).numel());
        long[] taken = new long[Math.ceilDiv(rows, 3)];
        long[] places = new long[rows];
        for (int row = 0; row < rows; row++) {
            places[row] = row % 3 == 0 ? row / 3 : -1;
            taken[row / 3] = row / 3 * 3L;
        }
        return new Gather.Places(column(tape, taken), column(tape, places));
    }

    private static Tensor column(Tape tape, long[] values) {
        Tensor tensor = tape.allocate(DType.I64, Shape.of(values.length, 1));
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool)) {
            tape.device()
                    .upload(tensor, scope.allocate(DType.I64, tensor.shape()).set(values));
        }
        return tensor;
    }

    private static OpEntry grouped(String name, OpEntry.SingleOperation operation) {
        return OpEntry.of(name, operation)
                .sample(
                        normal(3, 4, 7),
                        normal(3, 5, 7).parameter(),
                        normal(3, 5).parameter())
                .sample(
                        normal(1, 1, 1),
                        normal(1, 1, 1).parameter(),
                        normal(1, 1).parameter())
                .sample(
                        normal(3, 0, 7),
                        normal(3, 5, 7).parameter(),
                        normal(3, 5).parameter())
                .large(
                        normal(4, 90, 70),
                        normal(4, 33, 70).parameter(),
                        normal(4, 33).parameter())
                .error(
                        "are not [E, C, K], [E, N, K], [E, N]",
                        normal(3, 4, 7),
                        normal(2, 5, 7).parameter(),
                        normal(3, 5).parameter());
    }

    /** Clips, and the un-normalising scale and shift. */
    private static OpEntry targets(Standardise standardise) {
        return OpEntry.of("patch targets, standardised: " + standardise.name().toLowerCase(Locale.ROOT), (tape, in) -> {
                    Tensor scale = tape.contiguous(in.get(1).value());
                    Tensor shift = tape.contiguous(in.get(2).value());
                    return tape.constant(PatchTargets.of(tape, in.get(0).value(), 2, 2, scale, shift, standardise));
                })
                .sample(
                        normal(2, 3, 4, 4, 6).constant(),
                        positive(3).parameter().constant(),
                        normal(3).parameter().constant())
                .sample(
                        normal(1, 1, 2, 2, 2).constant(),
                        positive(1).parameter().constant(),
                        normal(1).parameter().constant())
                .sample(
                        normal(0, 3, 2, 2, 2).constant(),
                        positive(3).parameter().constant(),
                        normal(3).parameter().constant())
                .large(
                        normal(1, 3, 4, 40, 48).constant(),
                        positive(3).parameter().constant(),
                        normal(3).parameter().constant());
    }
}

package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.TokenKernels.Route;
import org.s2d.tensor.DType;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * Sends tokens to the k experts with the greatest scores. An expert takes a fixed number of tokens, in their order, and drops the rest,
 * so that every shape is known beforehand and nothing is asked of the device.
 *
 * <p>Shapes: scores [B, N, E] in the float type; gates [B, N, k], the softmax of the chosen scores. Keeps gates and experts. The choice
 * itself has no gradient. Source: S4D's router (top-k gating with capacity, Shazeer et al., arXiv 1701.06538).
 */
public final class Routing {
    private Routing() {}

    /** Where the tokens go; see {@link Route}. */
    public record Result(Var gates, Route route) {
        Tensor slots() {
            return route.slots();
        }

        Tensor tokens() {
            return route.tokens();
        }

        Tensor picks() {
            return route.picks();
        }

        /** Tokens into the experts' places. */
        public Gather.Places places() {
            return new Gather.Places(tokens(), slots());
        }
    }

    /**
     * Routes the tokens of a batch.
     *
     * @param capacity tokens that an expert takes
     */
    public static Result apply(Tape tape, Var scores, int k, int capacity) {
        if (scores.shape().rank() != 3 || k < 1 || k > scores.dim(2) || capacity < 0) {
            throw new ShapeException("routing: scores " + scores.shape() + " are not [B, N, E] with at least " + k
                    + " experts of " + capacity + " places");
        }
        int experts = scores.dim(2);
        Shape chosen = scores.shape().with(2, k);
        Shape slots = Shape.of(experts * capacity, 1);
        Tensor in = tape.contiguous(scores.value());
        Route route = new Route(
                tape.allocate(tape.floatType(), chosen),
                tape.allocate(DType.I64, chosen),
                tape.allocate(DType.I64, Shape.of(scores.dim(0) * scores.dim(1), k)),
                tape.allocate(DType.I64, slots),
                tape.allocate(DType.I64, slots),
                tape.allocate(tape.floatType(), Shape.of(scores.dim(0), experts)));
        tape.device().tokens().route(route, in);
        if (!tape.needsGrad(scores)) {
            return new Result(tape.constant(route.gates()), route);
        }
        Var gates = tape.record("routing", route.gates(), List.of(route.gates(), route.experts()), grad -> {
            Tensor gradScores = tape.allocate(tape.floatType(), in.shape());
            tape.device().tokens().routeBackward(gradScores, tape.contiguous(grad), route.gates(), route.experts());
            tape.accumulate(scores, gradScores);
        });
        return new Result(gates, route);
    }

    /**
     * What keeps experts equally busy: the mean over samples and experts of (part of the tokens that chose the expert) * (mean of its
     * score over the tokens), times E^2. A scalar; the parts carry no gradient.
     */
    public static Var balanceLoss(Tape tape, Var scores, Result routing) {
        double experts = scores.dim(2);
        Var means = Arithmetic.mean(tape, scores, 1);
        Var products = Arithmetic.multiply(tape, means, tape.constant(routing.route.shares()));
        Var sum = Arithmetic.sum(tape, Arithmetic.sum(tape, products, 1), 0);
        return Arithmetic.scale(tape, sum, experts / Math.max(1, scores.dim(0)));
    }
}

package org.s2d.model.s4d;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Activations;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.Gather;
import org.s2d.autograd.ops.GroupedLinear;
import org.s2d.autograd.ops.Routing;
import org.s2d.autograd.ops.Views;
import org.s2d.device.Elementwise.Unary;
import org.s2d.nn.Init;
import org.s2d.nn.Linear;
import org.s2d.nn.Module;
import org.s2d.nn.ParameterFactory;
import org.s2d.nn.ParameterStack;
import org.s2d.tensor.Tensor;

/**
 * A mixture of adapter experts: every token is sent to the k experts that its router scores highest, and their results are added,
 * weighted by the softmax of those scores. {@code gates = softmax(topk(W x + b + noise * softplus(W_n x + b_n)))}.
 *
 * <p>The tokens of each expert are gathered into a fixed number of places, so that all experts are two products over stacked weights.
 * Cost: as many places as tokens * k * capacity factor, 4*D*h FLOP each, h the experts' width.
 */
final class ExpertLayer extends Module {
    private final S4dConfig.Experts experts;
    private final int layer;
    private final Router router;
    private final ParameterStack weight1;
    private final ParameterStack bias1;
    private final ParameterStack weight2;
    private final ParameterStack bias2;

    /** Tokens with the experts' results added, and the balance loss, a scalar. */
    record Output(Var sum, Var balanceLoss) {}

    /** @param layer number of the block that it stands in */
    ExpertLayer(ParameterFactory factory, S4dConfig.Experts experts, int layer, int width) {
        super(factory);
        this.experts = experts;
        this.layer = layer;
        router = register(new Router(factory.child("router"), width, experts.count()));
        int hidden = (int) (width * experts.widthRatio());
        weight1 = register(factory.stack(names("fc1.weight"), factory.linearInit(), hidden, width));
        bias1 = register(factory.stack(names("fc1.bias"), Init.constant(0), hidden));
        weight2 = register(factory.stack(names("fc2.weight"), factory.linearInit(), width, hidden));
        bias2 = register(factory.stack(names("fc2.bias"), Init.constant(0), width));
    }

    private List<@Nullable String> names(String parameter) {
        List<@Nullable String> names = new ArrayList<>();
        IntStream.range(0, experts.count()).forEach(i -> names.add("experts." + i + "." + parameter));
        return names;
    }

    /** Adds the experts' results on {@code normed} [B, N, D] to {@code sum} [B, N, D]. */
    Output addTo(Tape tape, Var normed, Var sum, RouterNoise noise) {
        Var scores = router.scores(tape, normed, noise, layer);
        int tokens = normed.dim(0) * normed.dim(1);
        Routing.Result routing = Routing.apply(tape, scores, experts.chosen(), experts.capacity(tokens));
        tape.observe(path() + ".router.gates", routing.gates());
        tape.observe(path() + ".router.indices", tape.constant(routing.route().experts()));
        Var loss = Routing.balanceLoss(tape, scores, routing);
        tape.observe(path() + ".router.layer_loss", loss);
        Var results = results(tape, normed, routing);
        if (tape.isObserved()) {
            Var alone = Views.reshape(
                    tape,
                    Gather.combine(tape, results, routing.gates(), routing, null),
                    normed.dim(0),
                    normed.dim(1),
                    normed.dim(2));
            return new Output(Arithmetic.add(tape, sum, observed(tape, "out", alone)), loss);
        }
        return new Output(Gather.combine(tape, results, routing.gates(), routing, sum), loss);
    }

    /** What the experts make of the tokens in their places, [E, C, D]. */
    private Var results(Tape tape, Var normed, Routing.Result routing) {
        Var rows = Gather.rows(tape, normed, routing.places());
        int count = experts.count();
        Var places = Views.reshape(tape, rows, count, rows.dim(0) / count, rows.dim(1));
        Var hidden = GroupedLinear.gelu(tape, places, tape.leaf(weight1), tape.leaf(bias1));
        return GroupedLinear.apply(tape, hidden, tape.leaf(weight2), tape.leaf(bias2));
    }

    /** Scores of the experts for each token, in the float type: which is greatest must not depend on rounding to less. */
    private static final class Router extends Module {
        private final Linear score;
        private final Linear noiseScale;

        Router(ParameterFactory factory, int width, int experts) {
            super(factory);
            score = register(Linear.of(factory.child("topkroute_linear"), width, experts, true));
            noiseScale = register(Linear.of(factory.child("noise_linear"), width, experts, true));
        }

        Var scores(Tape tape, Var normed, RouterNoise noise, int layer) {
            observed(tape, "in", normed);
            Var scores = score.forwardFloat(tape, normed);
            Tensor drawn = noise.of(tape, layer, scores.shape());
            if (drawn == null) {
                return scores;
            }
            Var scale = Activations.apply(tape, Unary.SOFTPLUS, noiseScale.forwardFloat(tape, normed));
            return Arithmetic.add(tape, scores, Arithmetic.multiply(tape, scale, tape.constant(drawn)));
        }
    }
}

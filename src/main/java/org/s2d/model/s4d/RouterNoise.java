package org.s2d.model.s4d;

import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.device.Seed;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Standard normal numbers that routers add to their scores, so that all experts get tokens. */
@FunctionalInterface
public interface RouterNoise {
    /** Drawn anew in training; none otherwise. */
    RouterNoise IN_TRAINING = (tape, layer, shape) -> tape.isTraining() ? drawn(tape, shape, tape.nextSeed()) : null;

    /** As released: also in evaluation, where equal clips get equal numbers. */
    RouterNoise ALWAYS = (tape, layer, shape) ->
            drawn(tape, shape, tape.isTraining() ? tape.nextSeed() : Seed.of(Seed.spread(layer)));

    /** For the router of block {@code layer}, in the shape of its scores [B, N, E] and the float type; null for none. */
    @Nullable
    Tensor of(Tape tape, int layer, Shape shape);

    private static Tensor drawn(Tape tape, Shape shape, Seed seed) {
        Tensor noise = tape.allocate(tape.floatType(), shape);
        tape.device().elementwise().normal(noise, seed);
        return noise;
    }
}

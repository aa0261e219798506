package org.s2d.train.step;

import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/**
 * Feature maps of one batch, computed once for all its forward passes: the landmark network is frozen and most of a small model's work.
 * The same clips must be asked for each time. The maps live in the scope.
 */
final class RememberedLandmarks implements LandmarkSource {
    private final LandmarkSource source;
    private final Scope scope;
    private @Nullable Tensor maps;

    RememberedLandmarks(LandmarkSource source, Scope scope) {
        this.source = source;
        this.scope = scope;
    }

    @Override
    public Var features(Tape tape, Var clips) {
        Tensor known = maps;
        if (known != null) {
            return tape.constant(known);
        }
        Var computed = source.features(tape, clips);
        Tensor kept = scope.allocate(computed.value().dtype(), computed.shape());
        tape.device().elementwise().copy(kept, computed.value());
        maps = kept;
        return computed;
    }
}

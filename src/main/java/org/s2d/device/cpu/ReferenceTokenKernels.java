package org.s2d.device.cpu;

import org.s2d.device.TokenKernels;
import org.s2d.tensor.Tensor;

/** Plain loops in double: the specification. */
final class ReferenceTokenKernels implements TokenKernels {
    @Override
    public void gather(Tensor out, Gather gather) {
        GatherKernel.reference(out, gather);
    }

    @Override
    public void gatherDot(Tensor out, Tensor rows, Tensor in, Tensor index) {
        GatherKernel.referenceDot(out, rows, in, index);
    }

    @Override
    public void route(Route out, Tensor scores) {
        RoutingKernel.forward(out, scores);
    }

    @Override
    public void routeBackward(Tensor gradScores, Tensor gradGates, Tensor gates, Tensor experts) {
        RoutingKernel.backward(gradScores, gradGates, gates, experts);
    }

    @Override
    public void patchTargets(Tensor out, Tensor in, Tensor scale, Tensor shift, Standardise standardise) {
        PatchTargetKernel.forward(out, in, scale, shift, standardise, Partition.WHOLE);
    }
}

package org.s2d.device.cpu;

import org.s2d.device.TokenKernels;
import org.s2d.tensor.Tensor;

/** Rows with the Vector API, everything else with the specification's arithmetic. */
final class CpuTokenKernels implements TokenKernels {
    private final Workers workers;

    CpuTokenKernels(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void gather(Tensor out, Gather gather) {
        GatherKernel.gather(out, gather, workers, workers.scratch());
    }

    @Override
    public void gatherDot(Tensor out, Tensor rows, Tensor in, Tensor index) {
        GatherKernel.dot(out, rows, in, index, workers, workers.scratch());
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
        PatchTargetKernel.forward(out, in, scale, shift, standardise, workers::parallelFor);
    }
}

package org.s2d.model.landmark;

import org.s2d.tensor.Shape;

/** Where a network takes its tensors from while it is built. Names are those of the PyTorch modules. */
public interface LandmarkWeights {
    /** True when there is a tensor of that name; decides between BatchNorm given and BatchNorm folded away. */
    boolean has(String name);

    /** The values in row-major order. */
    double[] get(String name, Shape shape);
}

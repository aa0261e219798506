package org.s2d.train.step;

import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;

/** Where the landmark feature maps of clips come from. */
@FunctionalInterface
public interface LandmarkSource {
    /** Feature maps [B*T, channels, h, w] of clips [B, 3, T, H, W], frame t of clip b in row b*T + t. No gradient flows through them. */
    Var features(Tape tape, Var clips);
}

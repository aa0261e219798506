package org.s2d.check;

/** How large the work of a check is. */
public enum Size {
    /** The authors' model, ViT-B/16 over 16 frames of 224 pixels, and the tensors inside it at a batch of 8 clips. */
    BASE,
    /** A few hundred numbers everywhere: to try the checks themselves on a slow device. */
    TINY
}

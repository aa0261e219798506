/** Layers with parameters, named exactly as in the PyTorch state dict. */
@org.jspecify.annotations.NullMarked
package org.s2d.nn;

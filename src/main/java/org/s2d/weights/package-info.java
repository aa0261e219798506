/** Checkpoint files: PyTorch, safetensors and NumPy, read as inert data and written atomically; matching of parameter names. */
@org.jspecify.annotations.NullMarked
package org.s2d.weights;

/** Trained models as files for other programs: safetensors, PyTorch state dicts, ONNX. */
@org.jspecify.annotations.NullMarked
package org.s2d.export;

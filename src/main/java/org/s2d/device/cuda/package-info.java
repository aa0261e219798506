/**
 * The CUDA backend: a device whose kernels are written in CUDA C++ (folder {@code kernels}) and launched through the {@link
 * org.s2d.device.cuda.Driver} interface, either on a GPU or on the emulator.
 */
@org.jspecify.annotations.NullMarked
package org.s2d.device.cuda;

/** Kernels at the sizes of the base model: checked against the reference, then timed beside the device's ceilings. */
@org.jspecify.annotations.NullMarked
package org.s2d.check.kernels;

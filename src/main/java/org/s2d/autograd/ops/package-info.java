/** Operations: formula, shapes, what is kept, forward and backward in terms of a device's kernels. */
@org.jspecify.annotations.NullMarked
package org.s2d.autograd.ops;

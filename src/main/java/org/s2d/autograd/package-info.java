/** Reverse-mode differentiation: the tape, its variables, and one file per operation in {@code ops}. */
@org.jspecify.annotations.NullMarked
package org.s2d.autograd;

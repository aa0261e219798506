/** S2D: a vision transformer with landmark prompters and temporal adapters. */
@org.jspecify.annotations.NullMarked
package org.s2d.model.s2d;

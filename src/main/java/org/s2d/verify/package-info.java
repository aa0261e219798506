/** Running reference cases exported from PyTorch and judging every tensor by its error against float64. */
@org.jspecify.annotations.NullMarked
package org.s2d.verify;

/** Data without mathematics: element types, shapes, strided views and the scopes that own off-heap memory. */
@org.jspecify.annotations.NullMarked
package org.s2d.tensor;

/** Seeded random streams whose state is one number and that do not depend on threads. */
@org.jspecify.annotations.NullMarked
package org.s2d.data.random;

/** One catalogue of operations, and the checks that follow from it for every operation, device and element type. */
@org.jspecify.annotations.NullMarked
package org.s2d.check.conformance;

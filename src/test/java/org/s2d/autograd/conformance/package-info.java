/** One catalogue of operations, and the tests that follow from it for every operation, device and element type. */
@org.jspecify.annotations.NullMarked
package org.s2d.autograd.conformance;

/** Whole training steps and inference: repeated bit by bit, and timed. */
@org.jspecify.annotations.NullMarked
package org.s2d.check.steps;

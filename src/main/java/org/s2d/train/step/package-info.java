/** What a device does with batches: forward passes, training steps, and the memory that clips and landmark maps come to. */
@org.jspecify.annotations.NullMarked
package org.s2d.train.step;

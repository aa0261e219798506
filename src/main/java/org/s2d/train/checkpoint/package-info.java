/** What checkpoints of runs hold, written and read back: the whole state of a run, or a model with what it says of itself. */
@org.jspecify.annotations.NullMarked
package org.s2d.train.checkpoint;

/** Training and evaluation: one step, the run with its checkpoints, configuration, and the multi-view test protocol. */
@org.jspecify.annotations.NullMarked
package org.s2d.train;

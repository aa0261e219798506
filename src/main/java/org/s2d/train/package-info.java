/**
 * Training: the loop, and what is made of whole runs (cross-validation, ablation, quickstart). It stands on its parts, each of which knows
 * only those before it: {@link org.s2d.train.config}, {@link org.s2d.train.step}, {@link org.s2d.train.checkpoint}, {@link
 * org.s2d.train.results}.
 */
@org.jspecify.annotations.NullMarked
package org.s2d.train;

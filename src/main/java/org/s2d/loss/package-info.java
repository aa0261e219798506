/** Losses that keep state between steps: the self-distillation loss against ambiguous labels. */
@org.jspecify.annotations.NullMarked
package org.s2d.loss;

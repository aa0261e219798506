/** Optimisers and schedules: AdamW with parameter groups, cosine schedule, moving average of the weights, layer decay. */
@org.jspecify.annotations.NullMarked
package org.s2d.optim;

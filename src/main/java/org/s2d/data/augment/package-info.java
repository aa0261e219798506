/** Random changes of training clips: each a pure function of explicit decisions beside the sampler of these decisions. */
@org.jspecify.annotations.NullMarked
package org.s2d.data.augment;

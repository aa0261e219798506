/** S4D: one vision transformer for photos and clips, with mixtures of adapter experts, and its masked auto-encoder. */
@org.jspecify.annotations.NullMarked
package org.s2d.model.s4d;

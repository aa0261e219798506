/**
 * The CPU backends: fast (oneDNN for products, attention, layer norms and changes of layout; Vector API for the rest) and reference (plain
 * loops in double). Each kernel keeps both side by side.
 */
@org.jspecify.annotations.NullMarked
package org.s2d.device.cpu;

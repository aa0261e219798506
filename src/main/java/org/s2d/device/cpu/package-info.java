/** The CPU backends: fast (oneDNN, Vector API) and reference (plain loops in double). Each kernel keeps both side by side. */
@org.jspecify.annotations.NullMarked
package org.s2d.device.cpu;

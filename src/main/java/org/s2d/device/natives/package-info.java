/** Native libraries of the machine and of our jars: where they are, what they need, loading them. */
@org.jspecify.annotations.NullMarked
package org.s2d.device.natives;

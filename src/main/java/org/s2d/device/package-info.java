/** What a backend must be able to do: memory and groups of kernels. A device is a value; nothing here is static. */
@org.jspecify.annotations.NullMarked
package org.s2d.device;

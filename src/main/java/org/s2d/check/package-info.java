/** Checks and measurements of a device, item by item, so that a run that was cut off goes on where it stopped. */
@org.jspecify.annotations.NullMarked
package org.s2d.check;

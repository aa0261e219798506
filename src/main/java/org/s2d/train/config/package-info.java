/** The configuration of a run: read, checked, completed, printed; the device and the data sets that it names. */
@org.jspecify.annotations.NullMarked
package org.s2d.train.config;

/** Annotation lists, frame choice, data sets and the loader that feeds batches of clips. */
@org.jspecify.annotations.NullMarked
package org.s2d.data;

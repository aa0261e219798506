/** Makes normal clip data sets: frame folders and lists, from pairs of photographs or from drawings. */
@org.jspecify.annotations.NullMarked
package org.s2d.data.prepare;

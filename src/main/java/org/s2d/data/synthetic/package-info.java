/** Drawn faces whose expressions move over time: a data set that needs no download. */
@org.jspecify.annotations.NullMarked
package org.s2d.data.synthetic;

/** 8-bit RGB images: decoding, and the resizing, warping and colour operations of PIL with its exact rounding. */
@org.jspecify.annotations.NullMarked
package org.s2d.data.image;

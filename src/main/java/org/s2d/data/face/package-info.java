/** Faces in pictures and videos: found, followed from frame to frame, cut out. */
@NullMarked
package org.s2d.data.face;

import org.jspecify.annotations.NullMarked;

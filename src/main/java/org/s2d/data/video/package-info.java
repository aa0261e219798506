/** Video files: decoded in a process of their own. */
@org.jspecify.annotations.NullMarked
package org.s2d.data.video;

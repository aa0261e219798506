/** The self-contained archive that {@code ./s2d package} writes. */
@org.jspecify.annotations.NullMarked
package org.s2d.cli.pack;

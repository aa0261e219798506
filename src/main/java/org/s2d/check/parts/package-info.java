/** What there is to check and to measure, by name. */
@org.jspecify.annotations.NullMarked
package org.s2d.check.parts;

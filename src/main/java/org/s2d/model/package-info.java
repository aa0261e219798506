/** Complete networks. */
@org.jspecify.annotations.NullMarked
package org.s2d.model;

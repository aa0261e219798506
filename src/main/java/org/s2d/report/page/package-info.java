/** Pages for a browser: one file each, without requests, for screen, phone and paper. */
@org.jspecify.annotations.NullMarked
package org.s2d.report.page;

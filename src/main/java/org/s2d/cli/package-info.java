/** The command line: one class per command, each only a thin layer over the packages below. */
@org.jspecify.annotations.NullMarked
package org.s2d.cli;

/** JMH benchmarks of the hot paths; each checks what it computes before it is timed. */
@org.jspecify.annotations.NullMarked
package org.s2d.bench;

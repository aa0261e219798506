/** What a run leaves for people: charts and contact sheets as PNG, and step and epoch logs as CSV and JSON lines. */
@org.jspecify.annotations.NullMarked
package org.s2d.report;

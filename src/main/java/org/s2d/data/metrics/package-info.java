/** What an evaluation reports: merged views, confusion matrix, WAR, UAR, F1 and their confidence intervals. */
@org.jspecify.annotations.NullMarked
package org.s2d.data.metrics;

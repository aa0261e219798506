/** What is wrong with a data set, found before hours of training are spent on it. */
@org.jspecify.annotations.NullMarked
package org.s2d.data.check;

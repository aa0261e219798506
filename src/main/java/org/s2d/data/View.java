package org.s2d.data;

/**
 * One look at a sample. Views that would show the same pixels are made once.
 *
 * @param sample index into the list
 * @param chunk window in time
 * @param split crop
 * @param copies how many views of the protocol this one stands for: its weight in the mean
 */
public record View(int sample, int chunk, int split, int copies) {}

package org.s2d.data;

/** One labelled clip or photograph: its name in the annotation list, where its pictures are, and its class index. */
public record Sample(String id, Media media, int label) {}

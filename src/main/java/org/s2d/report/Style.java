package org.s2d.report;

/** Size (logical pixels) and weight of a text. */
record Style(double size, boolean bold) {
    static final Style TITLE = new Style(15, true);
    static final Style LABEL = new Style(12, false);
    static final Style STRONG = new Style(12, true);
    static final Style SMALL = new Style(10.5, false);

    /** Height of a capital letter above the base line: near 0.72 em in the usual sans-serif fonts. */
    double capHeight() {
        return 0.72 * size;
    }
}

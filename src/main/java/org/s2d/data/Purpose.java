package org.s2d.data;

/** First numbers of the random paths in this package, so that no two uses share a stream. */
final class Purpose {
    static final long ORDER = 1;
    static final long ITEM = 2;
    static final long REPLACEMENT = 3;

    private Purpose() {}
}

package org.s2d.data.prepare;

/** Told how far a long preparation is. May be called from several threads, one at a time. */
@FunctionalInterface
public interface Progress {
    /** Ignores everything. */
    Progress NONE = (done, total) -> {};

    /** After each clip or picture: done of total. */
    void advanced(int done, int total);
}

package org.s2d.check;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** One thing to find out. Names are unique within a part; they are what a later run goes by. */
public record Item(String name, Work work) {
    /** Writes what was found into {@code record}; throws when a check failed. */
    @FunctionalInterface
    public interface Work {
        void run(ObjectNode record);
    }
}

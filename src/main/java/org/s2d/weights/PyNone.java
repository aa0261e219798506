package org.s2d.weights;

/** Python's None in a checkpoint's tree. */
public enum PyNone {
    NONE;

    @Override
    public String toString() {
        return "None";
    }
}

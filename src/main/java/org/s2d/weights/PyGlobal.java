package org.s2d.weights;

/** A name that a checkpoint refers to, such as {@code torch.float32}: only the name, nothing is imported. */
public record PyGlobal(String module, String name) {
    public String fullName() {
        return module + "." + name;
    }

    @Override
    public String toString() {
        return fullName();
    }
}

package org.s2d.tensor;

/**
 * Shapes or element types that do not fit an operation. The message names the operation, the shapes and what was
 * expected; modules add their path as the exception passes them.
 */
public final class ShapeException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public ShapeException(String message) {
        super(message);
    }

    /** The same error, with the module in which it happened; the innermost module is kept. */
    public ShapeException at(String module) {
        String message = String.valueOf(getMessage());
        if (message.contains(" (at ")) {
            return this;
        }
        ShapeException located = new ShapeException(message + " (at " + module + ")");
        located.initCause(this);
        return located;
    }
}

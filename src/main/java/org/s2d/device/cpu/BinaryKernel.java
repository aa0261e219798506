package org.s2d.device.cpu;

import java.util.function.DoubleBinaryOperator;
import org.s2d.device.Elementwise.Binary;

/** Sum, difference and product of two elements. */
final class BinaryKernel {
    private BinaryKernel() {}

    static DoubleBinaryOperator reference(Binary op) {
        return switch (op) {
            case ADD -> Double::sum;
            case SUBTRACT -> (a, b) -> a - b;
            case MULTIPLY -> (a, b) -> a * b;
        };
    }
}

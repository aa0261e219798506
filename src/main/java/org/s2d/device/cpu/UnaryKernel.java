package org.s2d.device.cpu;

import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import org.s2d.device.Elementwise.Unary;

/** Finds the functions of one element. */
final class UnaryKernel {
    private UnaryKernel() {}

    static DoubleUnaryOperator reference(Unary op) {
        return switch (op) {
            case GELU -> GeluKernel::reference;
            case RELU -> RectifierKernel::relu;
            case RELU6 -> RectifierKernel::relu6;
            case SIGMOID -> SigmoidKernel::sigmoid;
            case SOFTPLUS -> SigmoidKernel::softplus;
        };
    }

    /** From the input and the gradient of the output. */
    static DoubleBinaryOperator referenceBackward(Unary op) {
        return switch (op) {
            case GELU -> GeluKernel::referenceBackward;
            case RELU -> RectifierKernel::reluBackward;
            case RELU6 -> RectifierKernel::relu6Backward;
            case SIGMOID -> SigmoidKernel::sigmoidBackward;
            case SOFTPLUS -> SigmoidKernel::softplusBackward;
        };
    }

    static ElementLoop.Kernel1 vector(Unary op) {
        return switch (op) {
            case GELU -> GeluKernel::forward;
            case RELU -> RectifierKernel::reluForward;
            case RELU6 -> RectifierKernel::relu6Forward;
            case SIGMOID -> SigmoidKernel::sigmoidForward;
            case SOFTPLUS -> SigmoidKernel::softplusForward;
        };
    }

    static ElementLoop.Kernel2 vectorBackward(Unary op) {
        return switch (op) {
            case GELU -> GeluKernel::backward;
            case RELU -> RectifierKernel::reluGradient;
            case RELU6 -> RectifierKernel::relu6Gradient;
            case SIGMOID -> SigmoidKernel::sigmoidGradient;
            case SOFTPLUS -> SigmoidKernel::softplusGradient;
        };
    }
}

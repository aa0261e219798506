package org.s2d.device;

import org.s2d.device.Products.Activation;
import org.s2d.device.Products.Epilogue;
import org.s2d.tensor.Allocator;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** The landmark prompter out of products and the fovea, for devices on which fusing them gains nothing. */
public final class FoveaPromptSteps {
    private final Allocator allocator;
    private final Elementwise elementwise;
    private final Products products;

    public FoveaPromptSteps(Allocator allocator, Elementwise elementwise, Products products) {
        this.allocator = allocator;
        this.elementwise = elementwise;
        this.products = products;
    }

    /** {@link AttentionKernels#foveaPrompt}; {@code kernels} give the fovea. */
    public void forward(AttentionKernels kernels, Tensor out, FoveaPrompter.Streams streams, FoveaPrompter weights) {
        streams.check(weights, out);
        try (Scope scope = new Scope(allocator)) {
            DType type = weights.focus().dtype();
            Tensor narrow = streams.narrow();
            Tensor focused = scope.allocate(type, narrow.shape());
            Tensor image = rows(converted(scope, streams.image(), type));
            Tensor landmark = rows(converted(scope, streams.landmark(), type));
            products.matmul(rows(narrow), image, weights.focus().transpose(0, 1), bias(weights.focusBias()));
            kernels.fovea(focused, narrow, weights.smooth());
            products.matmul(
                    rows(streams.sum()),
                    landmark,
                    weights.other().transpose(0, 1),
                    new Epilogue(weights.otherBias(), Activation.NONE, rows(focused), false));
            products.matmul(rows(out), rows(streams.sum()), weights.back().transpose(0, 1), bias(weights.backBias()));
        }
    }

    private static Epilogue bias(Tensor bias) {
        return new Epilogue(bias, Activation.NONE, null, false);
    }

    private static Tensor rows(Tensor tensor) {
        return tensor.reshape(Math.multiplyExact(tensor.dim(0), tensor.dim(1)), tensor.dim(2));
    }

    private Tensor converted(Scope scope, Tensor tensor, DType type) {
        if (tensor.dtype() == type) {
            return tensor;
        }
        Tensor copy = scope.allocate(type, tensor.shape());
        elementwise.copy(copy, tensor);
        return copy;
    }

    /** {@link AttentionKernels#foveaPromptBackward}. */
    public void backward(
            AttentionKernels kernels,
            FoveaPrompter.Gradients gradients,
            Tensor gradOut,
            FoveaPrompter.Streams streams,
            FoveaPrompter weights) {
        streams.check(weights, gradOut);
        try (Scope scope = new Scope(allocator)) {
            DType type = weights.focus().dtype();
            Tensor grad = rows(converted(scope, gradOut, type));
            Tensor gradSum = scope.allocate(type, streams.sum().shape());
            Tensor gradNarrow = scope.allocate(type, streams.sum().shape());
            FoveaPrompter own = gradients.weights();
            Tensor gradSmooth = own == null ? scope.allocate(type, Shape.of(1)) : own.smooth();
            products.matmul(rows(gradSum), grad, weights.back());
            kernels.foveaBackward(gradNarrow, gradSmooth, gradSum, streams.narrow(), weights.smooth());
            if (gradients.image() != null) {
                products.matmul(rows(gradients.image()), rows(gradNarrow), weights.focus());
            }
            if (gradients.landmark() != null) {
                products.matmul(rows(gradients.landmark()), rows(gradSum), weights.other());
            }
            if (own != null) {
                weight(own.focus(), own.focusBias(), gradNarrow, converted(scope, streams.image(), type));
                weight(own.other(), own.otherBias(), gradSum, converted(scope, streams.landmark(), type));
                products.matmul(own.back(), grad.transpose(0, 1), rows(streams.sum()));
                elementwise.sumTo(own.backBias(), grad);
            }
        }
    }

    private void weight(Tensor gradWeight, Tensor gradBias, Tensor gradNarrow, Tensor wide) {
        products.matmul(gradWeight, rows(gradNarrow).transpose(0, 1), rows(wide));
        elementwise.sumTo(gradBias, rows(gradNarrow));
    }
}

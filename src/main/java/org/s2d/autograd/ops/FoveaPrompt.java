package org.s2d.autograd.ops;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Backward;
import org.s2d.autograd.Var;
import org.s2d.device.FoveaPrompter;
import org.s2d.device.Products.Activation;
import org.s2d.device.Products.Epilogue;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * The landmark prompter {@code p = back(fovea(focus(u)) + other(v))}: 1x1 convolutions of both streams to H channels, the {@link
 * Fovea} on the image stream's, and a 1x1 convolution of their sum back to D.
 *
 * <p>Shapes: u, v and p [F, N, D]; focus and other [H, D], back [D, H] (further size-one dimensions are accepted), biases [H] and
 * [D], smooth [1]. Keeps u, v and, of H channels, focus(u) and the sum, from which p is computed again where others need it ({@link
 * Tape#reading}). Arithmetic, result and gradients in the float type whatever the type of u and v: the softmax multiplies by about ten, and the gradient of smooth is a sum of terms that cancel.
 *
 * <p>Cost: 6*F*N*D*H FLOP forward. Memory-bound: reads u and v and writes p once. Source: S2D's prompter.
 */
public final class FoveaPrompt {
    private FoveaPrompt() {}

    /** A 1x1 convolution. */
    public record Convolution(Var weight, Var bias) {}

    /** What trains. */
    public record Weights(Convolution focus, Convolution other, Var smooth, Convolution back) {
        private Var[] all() {
            return new Var[] {focus.weight, focus.bias, other.weight, other.bias, smooth, back.weight, back.bias};
        }

        private FoveaPrompter tensors(Shape matrix, Shape transposed) {
            return new FoveaPrompter(
                    focus.weight.value().reshape(matrix),
                    focus.bias.value(),
                    other.weight.value().reshape(matrix),
                    other.bias.value(),
                    smooth.value(),
                    back.weight.value().reshape(transposed),
                    back.bias.value());
        }
    }

    /** The prompt, and the image stream's H channels before the fovea [F, N, H]. */
    public record Result(Var prompt, Tensor narrow) {}

    public static Result apply(Tape tape, Var image, Var landmark, Weights weights) {
        int channels = weights.focus.weight.dim(0);
        if (image.shape().rank() != 3
                || !image.shape().equals(landmark.shape())
                || weights.focus.weight.value().numel() != (long) channels * image.dim(2)) {
            throw new ShapeException("foveaPrompt: streams " + image.shape() + " and " + landmark.shape()
                    + " with weight " + weights.focus.weight.shape() + ", expected twice [F, N, D] and [H, D]");
        }
        Shape matrix = Shape.of(channels, image.dim(2));
        FoveaPrompter tensors = weights.tensors(matrix, Shape.of(image.dim(2), channels));
        Shape slim = image.shape().with(2, channels);
        FoveaPrompter.Streams streams = new FoveaPrompter.Streams(
                tape.contiguous(image.value()),
                tape.contiguous(landmark.value()),
                tape.allocate(tape.floatType(), slim),
                tape.allocate(tape.floatType(), slim));
        Tensor out = tape.allocate(tape.floatType(), image.shape());
        tape.device().attention().foveaPrompt(out, streams, tensors);
        boolean trains = tape.needsGrad(weights.all());
        if (!trains && !tape.needsGrad(image, landmark)) {
            return new Result(tape.constant(out), streams.narrow());
        }
        List<Tensor> kept = new ArrayList<>(List.of(streams.narrow(), streams.sum()));
        Supplier<Tensor> imageRead = tape.reading(image, streams.image(), kept);
        Supplier<Tensor> landmarkRead = tape.reading(landmark, streams.landmark(), kept);
        Backward rule = grad -> {
            FoveaPrompter.Gradients gradients = new FoveaPrompter.Gradients(
                    image.requiresGrad() ? tape.allocate(tape.floatType(), image.shape()) : null,
                    landmark.requiresGrad() ? tape.allocate(tape.floatType(), image.shape()) : null,
                    trains ? like(tape, tensors) : null);
            FoveaPrompter.Streams read =
                    new FoveaPrompter.Streams(imageRead.get(), landmarkRead.get(), streams.narrow(), streams.sum());
            tape.device().attention().foveaPromptBackward(gradients, tape.contiguous(grad), read, tensors);
            deliver(tape, image, landmark, weights, gradients);
        };
        Supplier<Tensor> again = () -> back(tape, streams.sum(), tensors);
        return new Result(tape.record("foveaPrompt", out, kept, rule, again), streams.narrow());
    }

    /** The prompt from the sum of both streams [F, N, H]. */
    private static Tensor back(Tape tape, Tensor sum, FoveaPrompter weights) {
        Tensor prompt = tape.allocate(tape.floatType(), sum.shape().with(2, weights.width()));
        int rows = sum.dim(0) * sum.dim(1);
        Epilogue bias = new Epilogue(weights.backBias(), Activation.NONE, null, false);
        tape.device()
                .products()
                .matmul(
                        prompt.reshape(rows, weights.width()),
                        sum.reshape(rows, weights.channels()),
                        weights.back().transpose(0, 1),
                        bias);
        return prompt;
    }

    private static void deliver(
            Tape tape, Var image, Var landmark, Weights weights, FoveaPrompter.Gradients gradients) {
        if (gradients.image() != null) {
            tape.accumulate(image, gradients.image());
        }
        if (gradients.landmark() != null) {
            tape.accumulate(landmark, gradients.landmark());
        }
        FoveaPrompter own = gradients.weights();
        if (own != null) {
            tape.accumulate(weights.focus.weight, own.focus().reshape(weights.focus.weight.shape()));
            tape.accumulate(weights.focus.bias, own.focusBias());
            tape.accumulate(weights.other.weight, own.other().reshape(weights.other.weight.shape()));
            tape.accumulate(weights.other.bias, own.otherBias());
            tape.accumulate(weights.smooth, own.smooth());
            tape.accumulate(weights.back.weight, own.back().reshape(weights.back.weight.shape()));
            tape.accumulate(weights.back.bias, own.backBias());
        }
    }

    /** Room for the gradients of the weights. */
    private static FoveaPrompter like(Tape tape, FoveaPrompter weights) {
        return new FoveaPrompter(
                tape.allocate(tape.floatType(), weights.focus().shape()),
                tape.allocate(tape.floatType(), weights.focusBias().shape()),
                tape.allocate(tape.floatType(), weights.other().shape()),
                tape.allocate(tape.floatType(), weights.otherBias().shape()),
                tape.allocate(tape.floatType(), weights.smooth().shape()),
                tape.allocate(tape.floatType(), weights.back().shape()),
                tape.allocate(tape.floatType(), weights.backBias().shape()));
    }
}

package org.s2d.device.cuda;

import org.s2d.device.Checks;
import org.s2d.device.Elementwise;
import org.s2d.device.LossChecks;
import org.s2d.device.Losses;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/losses.cu} and {@code kernels/anchors.cu}; F32, BF16 and F16 in any mix, arithmetic in F32, of cosines in F64. */
final class CudaLosses implements Losses {
    private static final int THREADS = 256;
    private static final int ROWS = THREADS / DeviceProperties.WARP;
    private static final int MAX_BLOCKS = 4096;
    /** Of similarities and choices of one feature. */
    private static final int MAX_ANCHOR_BYTES = 96 * 1024;

    private final CudaContext context;
    private final Elementwise elementwise;
    private final Kernel crossEntropy;
    private final Kernel crossEntropyBackward;
    private final Kernel labelled;
    private final Kernel labelledBackward;
    private final Kernel binary;
    private final Kernel binaryBackward;
    private final Kernel squared;
    private final Kernel squaredBackward;
    private final Kernel cosine;
    private final Kernel cosineBackward;
    private final Kernel cosineVector;
    private final Kernel anchors;
    private final Kernel pushAnchors;

    CudaLosses(CudaContext context, Elementwise elementwise) {
        this.context = context;
        this.elementwise = elementwise;
        LaunchContract plain = LaunchContract.threads(THREADS);
        crossEntropy = context.kernel("losses", "cross_entropy_forward_any", plain);
        crossEntropyBackward = context.kernel("losses", "cross_entropy_backward_any", plain);
        labelled = context.kernel("losses", "cross_entropy_forward_any_labels", plain);
        labelledBackward = context.kernel("losses", "cross_entropy_backward_any_labels", plain);
        binary = context.kernel("losses", "binary_cross_entropy_forward_any", plain);
        binaryBackward = context.kernel("losses", "binary_cross_entropy_backward_any", plain);
        squared = context.kernel("losses", "squared_error_forward_any", plain);
        squaredBackward = context.kernel("losses", "squared_error_backward_any", plain);
        cosine = context.kernel("anchors", "cosine_forward_any", plain);
        cosineBackward = context.kernel("anchors", "cosine_backward_any", plain);
        cosineVector = context.kernel("anchors", "cosine_backward_any_vector", plain.shared(THREADS * Double.BYTES));
        anchors = context.kernel("anchors", "anchors_forward_any", plain.shared(MAX_ANCHOR_BYTES));
        pushAnchors = context.kernel("anchors", "anchors_forward_any_push", plain);
    }

    @Override
    public void crossEntropy(Tensor loss, Tensor logits, Tensor target) {
        forward("crossEntropy", crossEntropy, loss, logits, target);
    }

    @Override
    public void crossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target) {
        backward("crossEntropyBackward", crossEntropyBackward, gradLogits, gradLoss, logits, target);
    }

    @Override
    public void crossEntropyOfLabels(Tensor loss, Tensor logits, Tensor labels, double smoothing) {
        LossChecks.perRow("crossEntropy", loss, logits);
        LossChecks.labels("crossEntropy", loss, labels, smoothing);
        Checks.singlePrecision("crossEntropy", loss, logits, labels);
        if (loss.numel() > 0) {
            Arguments arguments = types(loss, logits, labels, logits)
                    .elements(loss)
                    .elements(logits)
                    .elements(labels);
            launchLabelled(labelled, arguments, logits, smoothing);
        }
    }

    @Override
    public void crossEntropyOfLabelsBackward(
            Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor labels, double smoothing) {
        String name = "crossEntropyBackward";
        LossChecks.perRow(name, gradLoss, logits, gradLogits);
        LossChecks.labels(name, gradLoss, labels, smoothing);
        Checks.singlePrecision(name, gradLoss, logits, gradLogits, labels);
        if (logits.numel() > 0) {
            Arguments arguments = types(gradLoss, logits, labels, gradLogits)
                    .elements(gradLogits)
                    .elements(gradLoss)
                    .elements(logits)
                    .elements(labels);
            launchLabelled(labelledBackward, arguments, logits, smoothing);
        }
    }

    @Override
    public void binaryCrossEntropy(Tensor loss, Tensor logits, Tensor target) {
        forward("binaryCrossEntropy", binary, loss, logits, target);
    }

    @Override
    public void binaryCrossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target) {
        backward("binaryCrossEntropyBackward", binaryBackward, gradLogits, gradLoss, logits, target);
    }

    @Override
    public void squaredError(Tensor loss, Tensor in, Tensor target) {
        forward("squaredError", squared, loss, in, target);
    }

    @Override
    public void squaredErrorBackward(Tensor gradIn, Tensor gradLoss, Tensor in, Tensor target) {
        backward("squaredErrorBackward", squaredBackward, gradIn, gradLoss, in, target);
    }

    private void forward(String name, Kernel kernel, Tensor loss, Tensor logits, Tensor target) {
        LossChecks.perRow(name, loss, logits, target);
        Checks.singlePrecision(name, loss, logits, target);
        if (loss.numel() > 0) {
            launch(
                    kernel,
                    types(loss, logits, target, logits)
                            .elements(loss)
                            .elements(logits)
                            .elements(target),
                    logits);
        }
    }

    private void backward(
            String name, Kernel kernel, Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target) {
        LossChecks.perRow(name, gradLoss, logits, gradLogits, target);
        Checks.singlePrecision(name, gradLoss, logits, gradLogits, target);
        if (logits.numel() > 0) {
            launch(
                    kernel,
                    types(gradLoss, logits, target, gradLogits)
                            .elements(gradLogits)
                            .elements(gradLoss)
                            .elements(logits)
                            .elements(target),
                    logits);
        }
    }

    /** Types as a structure, which begins the arguments. */
    private Arguments types(Tensor... tensors) {
        Arguments arguments = context.arguments();
        int at = arguments.structure(Integer.BYTES * tensors.length);
        for (int i = 0; i < tensors.length; i++) {
            arguments.setInt(at + Integer.BYTES * i, CudaContext.typeCode(tensors[i].dtype()));
        }
        return arguments;
    }

    /** Adds the rows and their width: one warp per row. */
    private void launch(Kernel kernel, Arguments arguments, Tensor shaped) {
        context.launch(kernel, rowsLaunch(shaped), addRows(arguments, shaped));
    }

    /** And what stands at the label and elsewhere. */
    private void launchLabelled(Kernel kernel, Arguments arguments, Tensor logits, double smoothing) {
        double off = smoothing / logits.dim(-1);
        context.launch(
                kernel,
                rowsLaunch(logits),
                addRows(arguments, logits).float32(1 - smoothing + off).float32(off));
    }

    private static Arguments addRows(Arguments arguments, Tensor shaped) {
        return arguments.int64(shaped.shape().without(-1).numel()).int32(shaped.dim(-1));
    }

    private static Launch rowsLaunch(Tensor shaped) {
        long rows = shaped.shape().without(-1).numel();
        return Launch.of(CudaContext.blocks(rows, ROWS, MAX_BLOCKS), THREADS);
    }

    @Override
    public void cosineSimilarity(Tensor out, Tensor rows, Tensor x) {
        LossChecks.cosine("cosineSimilarity", out, rows, x);
        Checks.singlePrecision("cosineSimilarity", out, rows, x);
        if (out.numel() > 0) {
            Arguments arguments =
                    context.arguments().elements(out).elements(rows).elements(x);
            launch(cosine, withTypes(arguments, out, rows, x), rows);
        }
    }

    private static Arguments withTypes(Arguments arguments, Tensor... tensors) {
        for (Tensor tensor : tensors) {
            arguments.int32(CudaContext.typeCode(tensor.dtype()));
        }
        return arguments;
    }

    @Override
    public void cosineSimilarityBackward(Tensor gradRows, Tensor gradX, Tensor gradOut, Tensor rows, Tensor x) {
        LossChecks.cosineBackward(gradRows, gradX, gradOut, rows, x);
        Checks.singlePrecision("cosineSimilarityBackward", gradRows, gradX, gradOut, rows, x);
        if (rows.numel() == 0) {
            elementwise.fill(gradX, 0);
            return;
        }
        int width = x.dim(0);
        try (Scope scope = context.scope()) {
            Tensor factors = scope.allocate(DType.F64, Shape.of(Math.toIntExact(gradOut.numel()), 2));
            Arguments arguments = context.arguments()
                    .elements(gradRows)
                    .pointer(factors)
                    .elements(gradOut)
                    .elements(rows)
                    .elements(x);
            launch(cosineBackward, withTypes(arguments, gradRows, gradOut, rows, x), rows);
            Arguments second = context.arguments()
                    .elements(gradX)
                    .pointer(factors)
                    .elements(rows)
                    .elements(x);
            context.launch(
                    cosineVector,
                    Launch.of(Math.ceilDiv(width, DeviceProperties.WARP), THREADS)
                            .block(DeviceProperties.WARP, ROWS, 1)
                            .shared(THREADS * Double.BYTES),
                    withTypes(second, gradX, rows, x).int64(gradOut.numel()).int32(width));
        }
    }

    @Override
    public void anchorLoss(Tensor loss, Tensor target, Tensor logits, Tensor feature, Anchors anchored, int k) {
        LossChecks.anchors(loss, target, logits, feature, anchored, k);
        Tensor queue = anchored.queue();
        Tensor distribution = anchored.distribution();
        Checks.singlePrecision("anchorLoss", loss, target, logits, feature, queue, distribution);
        if (target.numel() > 0) {
            int classes = queue.dim(0);
            int size = queue.dim(1);
            context.launch(
                    anchors,
                    Launch.of(feature.dim(0), THREADS).shared((classes * (size + 2 * k) + ROWS) * Float.BYTES),
                    types(loss, target, logits, feature, queue, distribution)
                            .elements(loss)
                            .elements(target)
                            .elements(logits)
                            .elements(feature)
                            .elements(queue)
                            .elements(distribution)
                            .int32(classes)
                            .int32(size)
                            .int32(k)
                            .int32(feature.dim(1)));
        }
    }

    @Override
    public void pushAnchors(Tensor queue, Tensor rows, Tensor labels, Tensor factor) {
        LossChecks.push(queue, rows, labels, factor);
        Checks.singlePrecision("pushAnchors", queue, rows, labels);
        if (rows.numel() > 0) {
            int width = rows.dim(1);
            Arguments arguments = context.arguments()
                    .elements(queue)
                    .elements(rows)
                    .elements(labels)
                    .elements(factor);
            context.launch(
                    pushAnchors,
                    Launch.of(1, THREADS).grid(Math.ceilDiv(width, THREADS), queue.dim(0), 1),
                    withTypes(arguments, queue, rows, labels)
                            .int32(queue.dim(1))
                            .int32(width)
                            .int32(rows.dim(0)));
        }
    }
}

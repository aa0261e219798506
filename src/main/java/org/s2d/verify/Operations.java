package org.s2d.verify;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Activations;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.BatchNorm;
import org.s2d.autograd.ops.BinaryCrossEntropy;
import org.s2d.autograd.ops.Conv2d;
import org.s2d.autograd.ops.CosineSimilarity;
import org.s2d.autograd.ops.CrossEntropy;
import org.s2d.autograd.ops.LayerNorm;
import org.s2d.autograd.ops.Linear;
import org.s2d.autograd.ops.LogSoftmax;
import org.s2d.autograd.ops.PRelu;
import org.s2d.autograd.ops.Resize;
import org.s2d.autograd.ops.Softmax;
import org.s2d.autograd.ops.Views;
import org.s2d.device.Convolutions.Conv2dOptions;
import org.s2d.device.Convolutions.Interpolation;
import org.s2d.device.Elementwise.Unary;
import org.s2d.tensor.Shape;
import org.s2d.tensor.UserException;

/** What the operations of a reference case compute, by their names; layers of several operations are in {@link Layers}. */
final class Operations {
    private static final Pattern NUMBER = Pattern.compile("_(\\d+(?:\\.\\d+)?(?:e-?\\d+)?)");

    private Operations() {}

    /** Operands of one operation by name: inputs, parameters, and the sizes its output must have. */
    record Operands(String operation, Tape tape, Map<String, Var> values, Shape outShape, int frames) {
        Var of(String name) {
            Var value = values.get(name);
            if (value == null) {
                throw new UserException("operation " + operation + ": the case has no operand " + name);
            }
            return value;
        }

        @Nullable
        Var orNull(String name) {
            return values.get(name);
        }

        /** The operands below a prefix, as those of a part. */
        Operands part(String prefix) {
            Map<String, Var> inner = new LinkedHashMap<>();
            values.forEach((name, value) -> {
                if (name.startsWith(prefix + ".")) {
                    inner.put(name.substring(prefix.length() + 1), value);
                }
            });
            return new Operands(operation, tape, inner, outShape, frames);
        }

        /** The number in the operation's name, as in {@code dropout_0.1}. */
        double number(double otherwise) {
            Matcher matcher = NUMBER.matcher(operation);
            return matcher.find() ? Double.parseDouble(matcher.group(1)) : otherwise;
        }
    }

    /** The results by name: {@code out}, or {@code out.0}, {@code out.1}, ... and {@code after.*}. */
    static Map<String, Var> run(Operands operands) {
        String name = operands.operation();
        if (name.equals("prompt_block")) {
            return Layers.promptBlock(operands);
        }
        if (name.equals("i3d_head")) {
            return Layers.head(operands);
        }
        Map<String, Var> results = new LinkedHashMap<>();
        results.put("out", single(operands));
        if (name.startsWith("batchnorm") && operands.tape().isTraining()) {
            results.put("after.running_mean", operands.of("running_mean"));
            results.put("after.running_var", operands.of("running_var"));
        }
        return results;
    }

    private static Var single(Operands in) {
        Tape tape = in.tape();
        String name = in.operation();
        String family = name.replaceAll("[_\\d].*", "");
        return switch (family) {
            case "linear" -> Linear.apply(tape, in.of("x"), in.of("weight"), in.orNull("bias"));
            case "layernorm" ->
                LayerNorm.apply(tape, in.of("x"), in.of("weight"), in.of("bias"), in.number(1e-6), tape.computeType());
            case "gelu" -> Activations.gelu(tape, in.of("x"));
            case "softplus" -> Activations.apply(tape, Unary.SOFTPLUS, in.of("x"));
            case "sigmoid" -> Activations.apply(tape, Unary.SIGMOID, in.of("x"));
            case "relu" -> Activations.apply(tape, Unary.RELU6, in.of("x"));
            case "softmax" -> Softmax.apply(tape, in.of("x"));
            case "log" -> LogSoftmax.apply(tape, in.of("x"));
            case "prelu" -> PRelu.apply(tape, in.of("x"), in.of("weight"));
            case "conv" -> convolution(in);
            case "batchnorm" -> batchNorm(in);
            case "bilinear" -> resize(in, Interpolation.BILINEAR, name.contains("_ac1"));
            case "bicubic" -> resize(in, Interpolation.BICUBIC, false);
            case "cross", "label", "soft", "bce" -> loss(in);
            case "cosine" -> CosineSimilarity.apply(tape, in.of("q"), in.of("x"));
            case "mean" -> Arithmetic.mean(tape, in.of("x"), -1);
            case "dropout" -> Layers.masked(in, in.of("x"), "mask", in.number(0));
            case "drop" -> Layers.masked(in, in.of("x"), "mask", in.number(0));
            case "attention" -> Layers.attention(in, in.of("x"), heads(name));
            case "adapter" -> Layers.adapter(in, in.of("x"), name.contains("noskip"));
            case "mlp" -> Layers.mlp(in, in.of("x"));
            case "block" -> Layers.block(in);
            case "tmadapter" -> Layers.temporalAdapter(in, in.of("x"), in.frames());
            case "fovea" -> Layers.foveaOfMap(in, in.of("x"));
            case "prompt", "patch" -> Layers.patchEmbed(in);
            default -> throw new UserException("operation " + name + ": unknown to this version");
        };
    }

    private static int heads(String name) {
        Matcher matcher = Pattern.compile("_h(\\d+)").matcher(name);
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : 1;
    }

    /** Stride and padding by name ({@code _s2}, {@code _p0}, patchify); groups by the weight's shape. */
    private static Var convolution(Operands in) {
        Var x = in.of("x");
        Var weight = in.of("weight");
        String name = in.operation();
        if (weight.shape().rank() == 5) {
            return Layers.tubelets(in);
        }
        int kernel = weight.dim(-1);
        boolean patchify = name.contains("patchify");
        int stride = patchify ? kernel : numberAfter(name, "_s", 1);
        int padding = numberAfter(name, "_p", patchify ? 0 : (kernel - 1) / 2);
        int groups = x.dim(1) / weight.dim(1);
        Conv2dOptions options = Conv2dOptions.of(stride, padding, groups);
        return Conv2d.apply(in.tape(), x, weight, in.orNull("bias"), options);
    }

    private static int numberAfter(String name, String marker, int otherwise) {
        Matcher matcher = Pattern.compile(marker + "(\\d+)").matcher(name);
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : otherwise;
    }

    private static Var batchNorm(Operands in) {
        var statistics = new BatchNorm.Statistics(
                in.of("running_mean").value(), in.of("running_var").value(), 0.1, 1e-5);
        return BatchNorm.apply(in.tape(), in.of("x"), in.of("weight"), in.of("bias"), statistics);
    }

    private static Var resize(Operands in, Interpolation mode, boolean alignCorners) {
        Shape out = in.outShape();
        return Resize.apply(in.tape(), in.of("x"), out.dim(2), out.dim(3), mode, alignCorners);
    }

    /** Mean over the batch of a loss on {@code logits}, with hard or soft targets. */
    private static Var loss(Operands in) {
        Tape tape = in.tape();
        Var logits = in.of("logits");
        Var perSample;
        if (in.operation().startsWith("bce")) {
            perSample = BinaryCrossEntropy.apply(tape, logits, in.of("target"));
        } else if (in.orNull("target") != null) {
            perSample = CrossEntropy.apply(tape, logits, in.of("target"));
        } else {
            long[] labels = new long[logits.dim(0)];
            for (int i = 0; i < labels.length; i++) {
                labels[i] = in.of("label").value().getLong(i);
            }
            double smoothing = in.operation().startsWith("label") ? in.number(0.1) : 0;
            perSample = CrossEntropy.ofLabels(tape, logits, labels, smoothing);
        }
        return Views.reshape(tape, Arithmetic.mean(tape, perSample, 0), 1);
    }
}

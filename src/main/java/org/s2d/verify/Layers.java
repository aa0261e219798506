package org.s2d.verify;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.Attention;
import org.s2d.autograd.ops.Fovea;
import org.s2d.autograd.ops.LayerNorm;
import org.s2d.autograd.ops.Linear;
import org.s2d.autograd.ops.Tokens;
import org.s2d.autograd.ops.Views;
import org.s2d.tensor.DType;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.verify.Operations.Operands;

/**
 * Layers of several operations, put together from given weights. PyTorch's maps [F, C, h, w] become our tokens [F, h*w, C] and
 * back. Head counts that shapes do not tell are those of the cases: 4 in blocks, 8 in adapters.
 */
final class Layers {
    private static final int BLOCK_HEADS = 4;
    private static final int ADAPTER_HEADS = 8;

    private Layers() {}

    static Var attention(Operands in, Var x, int heads) {
        Var mixed = Attention.overTokens(in.tape(), linear(in.part("qkv"), x), heads);
        return linear(in.part("proj"), mixed);
    }

    static Var mlp(Operands in, Var x) {
        return linear(in.part("fc2"), gelu(in.part("fc1"), x));
    }

    /** A timm block, with layer scale ({@code ls1.gamma}) and given stochastic-depth masks where the case has them. */
    static Var block(Operands in) {
        Tape tape = in.tape();
        Var x = in.of("x");
        Var first = attention(in.part("attn"), norm(in.part("norm1"), x, 1e-6), BLOCK_HEADS);
        Var middle = Arithmetic.add(tape, x, branch(in, first, "ls1.gamma", "mask1"));
        Var second = mlp(in.part("mlp"), norm(in.part("norm2"), middle, 1e-6));
        return Arithmetic.add(tape, middle, branch(in, second, "ls2.gamma", "mask2"));
    }

    private static Var branch(Operands in, Var x, String gamma, String mask) {
        Var scale = in.orNull(gamma);
        Var scaled = scale == null ? x : Arithmetic.multiply(in.tape(), x, scale);
        return in.orNull(mask) == null ? scaled : masked(in, scaled, mask, in.number(0));
    }

    /** {@code x * mask / (1 - probability)}; a mask of rank 1 counts for whole rows of the first dimension. */
    static Var masked(Operands in, Var x, String name, double probability) {
        Tape tape = in.tape();
        Tensor mask = in.of(name).value();
        float[] scales = new float[Math.toIntExact(mask.numel())];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = (float) (mask.getDouble(i) / (1 - probability));
        }
        Shape shape = mask.shape();
        if (shape.rank() == 1) {
            int[] dims = new int[x.shape().rank()];
            Arrays.fill(dims, 1);
            dims[0] = scales.length;
            shape = Shape.of(dims);
        }
        Tensor placed = tape.allocate(tape.floatType(), shape);
        tape.device().upload(placed, scales);
        return Arithmetic.multiply(tape, x, tape.constant(placed));
    }

    /** S2D's adapter: with attention over dimension 1 where it has one; with or without skip connection. */
    static Var adapter(Operands in, Var x, boolean noSkip) {
        Var hidden = gelu(in.part("D_fc1"), x);
        if (in.orNull("attn.qkv.weight") != null) {
            hidden = attention(in.part("attn"), hidden, ADAPTER_HEADS);
        }
        Var out = linear(in.part("D_fc2"), hidden);
        return noSkip ? out : Arithmetic.add(in.tape(), x, out);
    }

    static Var temporalAdapter(Operands in, Var x, int frames) {
        Operands temporal = in.part("T_Adapter");
        Var hidden = gelu(temporal.part("D_fc1"), x);
        Var qkv = linear(temporal.part("attn.qkv"), hidden);
        Var mixed = linear(temporal.part("attn.proj"), Attention.overTime(in.tape(), qkv, ADAPTER_HEADS, frames));
        Var normed = norm(in.part("norm"), linear(temporal.part("D_fc2"), mixed), 1e-5);
        return adapter(in.part("S_Adapter"), normed, true);
    }

    /** x [F, 2C, h, w]: image channels, then landmark channels; the prompt as a map and the adapter's tokens. */
    static Map<String, Var> promptBlock(Operands in) {
        Tape tape = in.tape();
        Var x = in.of("x");
        int channels = x.dim(1) / 2;
        Var image = tokens(tape, Views.narrow(tape, x, 1, 0, channels));
        Var landmark = tokens(tape, Views.narrow(tape, x, 1, channels, channels));
        Var narrow = linear(in.part("conv0_0"), image);
        Var focused = Fovea.apply(tape, narrow, in.of("fovea.smooth"));
        Var sum = Arithmetic.add(tape, focused, linear(in.part("conv0_1"), landmark));
        Map<String, Var> results = new LinkedHashMap<>();
        results.put("out.0", map(tape, linear(in.part("conv1x1"), sum), x.dim(2), x.dim(3)));
        results.put("out.1", temporalAdapter(in.part("TMA"), image, in.frames()));
        return results;
    }

    /** The fovea of a map [F, C, h, w]; without a parameter its factor is 1. */
    static Var foveaOfMap(Operands in, Var x) {
        Tape tape = in.tape();
        Var smooth = in.orNull("smooth");
        if (smooth == null) {
            Tensor one = tape.allocate(tape.floatType(), Shape.of(1));
            tape.device().elementwise().fill(one, 1);
            smooth = tape.constant(one);
        }
        return map(tape, Fovea.apply(tape, tokens(tape, x), smooth), x.dim(2), x.dim(3));
    }

    /** A patch embedding: stride = kernel; a 1x1 kernel is the landmark map's. */
    static Var patchEmbed(Operands in) {
        Tape tape = in.tape();
        Var x = in.of("x");
        int patch = in.of("proj.weight").dim(-1);
        Var frames = Views.unflatten(tape, x, 1, x.dim(1), 1);
        return linear(in.part("proj"), Tokens.patches(tape, frames, patch));
    }

    /** A 3-d convolution whose stride is its kernel: x [B, C, T, H, W], weight [O, C, kt, kh, kw]. */
    static Var tubelets(Operands in) {
        Tape tape = in.tape();
        Var x = in.of("x");
        Var w = in.of("weight");
        int times = x.dim(2) / w.dim(2);
        int rows = x.dim(3) / w.dim(3);
        int columns = x.dim(4) / w.dim(4);
        Var split = Views.unflatten(tape, x, 4, columns, w.dim(4));
        split = Views.unflatten(tape, split, 3, rows, w.dim(3));
        split = Views.unflatten(tape, split, 2, times, w.dim(2));
        Var patches = Views.contiguous(tape, Views.permute(tape, split, 0, 2, 4, 6, 1, 3, 5, 7));
        Var flat = Views.reshape(tape, patches, x.dim(0), times * rows * columns, -1);
        Var out = Views.permute(tape, Linear.apply(tape, flat, w, in.of("bias")), 0, 2, 1);
        return Views.unflatten(tape, out, 2, times, rows, columns);
    }

    /** The classification head on features [B, D, T, 1, 1]: mean over time and class scores. */
    static Map<String, Var> head(Operands in) {
        Tape tape = in.tape();
        Var x = in.of("x");
        Var feature = Arithmetic.mean(tape, Views.reshape(tape, x, x.dim(0), x.dim(1), -1), 2);
        Map<String, Var> results = new LinkedHashMap<>();
        results.put("out.0", linear(in.part("fc_cls"), feature));
        results.put("out.1", feature);
        return results;
    }

    private static Var linear(Operands in, Var x) {
        return Linear.apply(in.tape(), x, in.of("weight"), in.orNull("bias"));
    }

    private static Var gelu(Operands in, Var x) {
        return Linear.gelu(in.tape(), x, in.of("weight"), in.orNull("bias"));
    }

    private static Var norm(Operands in, Var x, double eps) {
        DType type = in.tape().computeType();
        return LayerNorm.apply(in.tape(), x, in.of("weight"), in.of("bias"), eps, type);
    }

    private static Var tokens(Tape tape, Var map) {
        Var positions = Views.reshape(tape, map, map.dim(0), map.dim(1), -1);
        return Views.contiguous(tape, Views.permute(tape, positions, 0, 2, 1));
    }

    private static Var map(Tape tape, Var tokens, int height, int width) {
        return Views.unflatten(tape, Views.permute(tape, tokens, 0, 2, 1), 2, height, width);
    }
}

package org.s2d.model.s4d;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import org.s2d.autograd.Tape;
import org.s2d.autograd.ops.Gather;
import org.s2d.device.TokenKernels;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** Which tokens of a batch are hidden from the encoder: as many in every sample. */
public final class Mask {
    private final boolean[][] hidden;
    private final int visible;

    /** @param hidden per sample and token, whether it is masked */
    public Mask(boolean[][] hidden) {
        this.hidden = hidden;
        visible = hidden.length == 0 ? 0 : countVisible(hidden[0]);
        for (boolean[] sample : hidden) {
            if (countVisible(sample) != visible || sample.length != hidden[0].length) {
                throw new ShapeException("mask: samples have " + visible + " and " + countVisible(sample)
                        + " visible tokens; all must have as many");
            }
        }
    }

    private static int countVisible(boolean[] sample) {
        int count = 0;
        for (boolean masked : sample) {
            count += masked ? 0 : 1;
        }
        return count;
    }

    /**
     * {@code (int) (ratio * tokens)} tokens of each sample, any of them.
     *
     * @param random a number from 0 to below its argument
     */
    public static Mask random(IntUnaryOperator random, int samples, int tokens, double ratio) {
        boolean[][] hidden = new boolean[samples][];
        for (int b = 0; b < samples; b++) {
            hidden[b] = choose(random, tokens, (int) (ratio * tokens));
        }
        return new Mask(hidden);
    }

    /** The same places in every frame of a sample: {@code (int) (ratio * tokensPerFrame)} of each. */
    public static Mask tube(IntUnaryOperator random, int samples, int frames, int tokensPerFrame, double ratio) {
        boolean[][] hidden = new boolean[samples][frames * tokensPerFrame];
        for (boolean[] sample : hidden) {
            boolean[] frame = choose(random, tokensPerFrame, (int) (ratio * tokensPerFrame));
            for (int t = 0; t < frames; t++) {
                System.arraycopy(frame, 0, sample, t * tokensPerFrame, tokensPerFrame);
            }
        }
        return new Mask(hidden);
    }

    private static boolean[] choose(IntUnaryOperator random, int tokens, int count) {
        boolean[] hidden = new boolean[tokens];
        Arrays.fill(hidden, 0, count, true);
        for (int i = tokens - 1; i > 0; i--) {
            int other = random.applyAsInt(i + 1);
            boolean swapped = hidden[i];
            hidden[i] = hidden[other];
            hidden[other] = swapped;
        }
        return hidden;
    }

    public int samples() {
        return hidden.length;
    }

    public int tokens() {
        return hidden.length == 0 ? 0 : hidden[0].length;
    }

    public boolean isHidden(int sample, int token) {
        return hidden[sample][token];
    }

    /** Hidden tokens of each sample. */
    public int hiddenTokens() {
        return tokens() - visible;
    }

    /** The visible tokens of all samples, in order, on the tape's device, in its innermost scope. */
    Gather.Places visible(Tape tape) {
        int rows = samples() * tokens();
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool)) {
            Tensor taken = scope.allocate(DType.I64, Shape.of(samples() * visible, 1));
            Tensor place = scope.allocate(DType.I64, Shape.of(rows, 1));
            int next = 0;
            for (int row = 0; row < rows; row++) {
                boolean masked = hidden[row / tokens()][row % tokens()];
                place.setLong(row, masked ? TokenKernels.NONE : next);
                if (!masked) {
                    taken.setLong(next++, row);
                }
            }
            Tensor forward = uploaded(tape, taken);
            Tensor backward = uploaded(tape, place);
            return new Gather.Places(forward, backward);
        }
    }

    /** [B * N], 1 for hidden tokens and 0 for others. */
    Tensor weights(Tape tape) {
        float[] values = new float[samples() * tokens()];
        for (int row = 0; row < values.length; row++) {
            values[row] = hidden[row / tokens()][row % tokens()] ? 1 : 0;
        }
        Tensor weights = tape.allocate(tape.floatType(), Shape.of(values.length));
        tape.device().upload(weights, values);
        return weights;
    }

    private static Tensor uploaded(Tape tape, Tensor host) {
        Tensor tensor = tape.allocate(host.dtype(), host.shape());
        tape.device().upload(tensor, host);
        return tensor;
    }
}

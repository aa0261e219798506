package org.s2d.device.cpu;

import java.util.Arrays;
import org.s2d.device.TokenChecks;
import org.s2d.device.TokenKernels;
import org.s2d.device.TokenKernels.Route;
import org.s2d.tensor.Tensor;

/** Which tokens go to which experts. In double and on one thread on every device: a few numbers per token, and order matters. */
final class RoutingKernel {
    private RoutingKernel() {}

    static void forward(Route out, Tensor scores) {
        TokenChecks.route(out, scores);
        int experts = scores.dim(2);
        int k = out.gates().dim(2);
        int tokensPerSample = scores.dim(1);
        int capacity = out.tokens().dim(0) / experts;
        fillNone(out.tokens());
        fillNone(out.picks());
        Cells from = new Cells(scores);
        Cells gates = new Cells(out.gates());
        double[] row = new double[experts];
        double[] chosen = new double[k];
        double[] probabilities = new double[k];
        int[] taken = new int[experts];
        for (int sample = 0; sample < scores.dim(0); sample++) {
            int[] wanted = new int[experts];
            for (int n = 0; n < tokensPerSample; n++) {
                int token = sample * tokensPerSample + n;
                from.read((long) token * experts, 1, row);
                int[] best = greatest(row, k);
                for (int j = 0; j < k; j++) {
                    chosen[j] = row[best[j]];
                    wanted[best[j]]++;
                    assign(out, token * k + j, k, best[j], taken[best[j]]++, capacity);
                }
                SoftmaxKernel.softmax(chosen, probabilities);
                gates.write((long) token * k, 1, probabilities);
            }
            Cells shares = new Cells(out.shares());
            for (int e = 0; e < experts; e++) {
                shares.set((long) sample * experts + e, wanted[e] / (double) tokensPerSample);
            }
        }
    }

    private static void fillNone(Tensor tensor) {
        for (long i = 0; i < tensor.numel(); i++) {
            tensor.setLong(i, TokenKernels.NONE);
        }
    }

    /** The k greatest of a row, best first, of equal ones the first; a NaN is never greater. */
    private static int[] greatest(double[] row, int k) {
        int[] best = new int[k];
        boolean[] used = new boolean[row.length];
        for (int j = 0; j < k; j++) {
            int found = -1;
            for (int e = 0; e < row.length; e++) {
                if (!used[e] && (found < 0 || row[e] > row[found])) {
                    found = e;
                }
            }
            best[j] = found;
            used[found] = true;
        }
        return best;
    }

    private static void assign(Route out, int pick, int k, int expert, int place, int capacity) {
        boolean fits = place < capacity;
        int slot = expert * capacity + place;
        out.experts().setLong(pick, expert);
        out.slots().setLong(pick, fits ? slot : TokenKernels.NONE);
        if (fits) {
            out.tokens().setLong(slot, pick / k);
            out.picks().setLong(slot, pick);
        }
    }

    static void backward(Tensor gradScores, Tensor gradGates, Tensor gates, Tensor experts) {
        TokenChecks.routeBackward(gradScores, gradGates, gates, experts);
        int k = gates.dim(2);
        int width = gradScores.dim(2);
        Cells to = new Cells(gradScores);
        Cells grads = new Cells(gradGates);
        Cells values = new Cells(gates);
        double[] row = new double[width];
        for (long token = 0; token < gates.numel() / k; token++) {
            double sum = 0;
            for (long pick = token * k; pick < (token + 1) * k; pick++) {
                sum += values.get(pick) * grads.get(pick);
            }
            Arrays.fill(row, 0);
            for (long pick = token * k; pick < (token + 1) * k; pick++) {
                row[(int) experts.getLong(pick)] = values.get(pick) * (grads.get(pick) - sum);
            }
            to.write(token * width, 1, row);
        }
    }
}

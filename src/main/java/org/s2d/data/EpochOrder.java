package org.s2d.data;

import java.util.Arrays;
import org.s2d.data.random.RandomStream;

/** In which order an epoch visits the items: a function of the epoch alone, so that a resumed run sees the same. */
@FunctionalInterface
public interface EpochOrder {
    /** Item indices in the order of the epoch. */
    int[] of(int epoch);

    /** 0, 1, 2, ... in every epoch. */
    static EpochOrder sequential(int size) {
        int[] order = new int[size];
        Arrays.setAll(order, i -> i);
        return epoch -> order.clone();
    }

    /** Every item once, in another random order each epoch. */
    static EpochOrder shuffled(int size, long seed) {
        return epoch -> {
            RandomStream stream = RandomStream.of(seed, Purpose.ORDER, epoch);
            int[] order = new int[size];
            for (int i = 0; i < size; i++) {
                int j = stream.nextInt(i + 1);
                order[i] = order[j];
                order[j] = i;
            }
            return order;
        };
    }

    /** As many draws as items, with replacement, so that all classes come equally often. */
    static EpochOrder balanced(int[] labels, long seed) {
        double[] cumulated = weights(labels);
        for (int i = 1; i < cumulated.length; i++) {
            cumulated[i] += cumulated[i - 1];
        }
        return epoch -> {
            RandomStream stream = RandomStream.of(seed, Purpose.ORDER, epoch);
            int[] order = new int[labels.length];
            for (int i = 0; i < order.length; i++) {
                int found = Arrays.binarySearch(cumulated, stream.uniform(0, cumulated[cumulated.length - 1]));
                order[i] = Math.min(found < 0 ? -found - 1 : found + 1, order.length - 1);
            }
            return order;
        };
    }

    /** The weight of every item in balanced sampling: 1 / number of items with its label. */
    static double[] weights(int[] labels) {
        int[] counts = new int[Arrays.stream(labels).max().orElse(-1) + 1];
        for (int label : labels) {
            counts[label]++;
        }
        return Arrays.stream(labels).mapToDouble(label -> 1.0 / counts[label]).toArray();
    }
}

package org.s2d.loss;

import java.util.Collections;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.s2d.tensor.UserException;

/**
 * When self-distillation takes part, by epoch counted from 0. Before {@code startEpoch} there is neither loss nor queue; from then on
 * the loss has the weight of the last entry at or before the epoch, and the queue is fed in epochs divisible by {@code updateFreq}.
 *
 * @param startEpoch first epoch with a queue
 * @param weights weight of the loss from an epoch on
 * @param updateFreq the queue is fed in every {@code updateFreq}-th epoch
 */
public record SdlSchedule(int startEpoch, NavigableMap<Integer, Double> weights, int updateFreq) {
    public SdlSchedule {
        weights = Collections.unmodifiableNavigableMap(new TreeMap<>(weights));
        if (startEpoch < 0 || updateFreq < 1) {
            throw new UserException("sdl: start_epoch " + startEpoch + " must not be negative and update_freq "
                    + updateFreq + " at least 1.");
        }
        for (double weight : weights.values()) {
            if (!(weight >= 0)) {
                throw new UserException("sdl: weight " + weight + " must not be negative.");
            }
        }
    }

    /** The authors' schedule for 100 epochs. */
    public static SdlSchedule release(int updateFreq) {
        return new SdlSchedule(21, new TreeMap<>(Map.of(30, 0.01, 50, 0.1, 60, 0.5, 80, 1.0)), updateFreq);
    }

    /** Weight of the loss; 0 where it takes no part. */
    public double weight(int epoch) {
        Map.Entry<Integer, Double> entry = weights.floorEntry(epoch);
        return epoch < startEpoch || entry == null ? 0 : entry.getValue();
    }

    /** Whether the queue is fed with this epoch's samples. */
    public boolean updatesQueue(int epoch) {
        return epoch >= startEpoch && epoch % updateFreq == 0;
    }

    /** Whether a run of so many epochs ever has a positive weight with a queue that was fed before. */
    public boolean takesPart(int epochs) {
        boolean fed = false;
        for (int epoch = 0; epoch < epochs; epoch++) {
            fed |= updatesQueue(epoch);
            if (fed && weight(epoch) > 0) {
                return true;
            }
        }
        return false;
    }
}

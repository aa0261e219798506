package org.s2d.train;

import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.s2d.loss.SdlSchedule;
import org.s2d.optim.CosineSchedule;
import org.s2d.train.config.TrainConfig;

/** The schedules of a configuration. */
final class Schedules {
    private Schedules() {}

    /** Learning rate by step: lr scales with batch / 8, min_lr and warmup_lr with batch / 256, as in the authors' scripts. */
    static CosineSchedule lr(TrainConfig config, int stepsPerEpoch) {
        TrainConfig.Optim optim = config.optim();
        double batch = (double) config.train().batchSize() * config.train().updateFreq();
        double up = optim.scaleLr() ? batch / 8 : 1;
        double low = optim.scaleLr() ? batch / 256 : 1;
        return CosineSchedule.ofEpochs(
                optim.lr() * up,
                optim.minLr() * low,
                config.train().epochs(),
                stepsPerEpoch,
                optim.warmupEpochs(),
                optim.warmupSteps(),
                optim.warmupLr() * low);
    }

    /** Weight decay by step. */
    static CosineSchedule weightDecay(TrainConfig config, int stepsPerEpoch) {
        double start = config.optim().weightDecay();
        Double end = config.optim().weightDecayEnd();
        return CosineSchedule.ofEpochs(
                start, end == null ? start : end, config.train().epochs(), stepsPerEpoch, 0, 0, start);
    }

    /** Self-distillation by epoch; null where it is off. */
    static @Nullable SdlSchedule sdl(TrainConfig config) {
        TrainConfig.Sdl sdl = config.loss().sdl();
        if (!sdl.enabled()) {
            return null;
        }
        TreeMap<Integer, Double> weights = new TreeMap<>();
        sdl.weights().forEach(pair -> weights.put(pair.get(0).intValue(), pair.get(1)));
        return new SdlSchedule(sdl.startEpoch(), weights, sdl.updateFreq());
    }
}

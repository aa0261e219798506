package org.s2d.train.config;

import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.s2d.report.Reported;
import org.s2d.tensor.UserException;

/** Ranges and choices that a configuration must keep to; every message names key, value and place. */
final class ConfigChecks {
    private final UnaryOperator<String> placeOf;

    private ConfigChecks(UnaryOperator<String> placeOf) {
        this.placeOf = placeOf;
    }

    static void check(TrainConfig config, UnaryOperator<String> placeOf) {
        ConfigChecks checks = new ConfigChecks(placeOf);
        checks.model(config.model());
        checks.data(config.data());
        checks.s4d(config);
        checks.optim(config.optim());
        checks.loss(config.loss());
        checks.train(config.train());
        checks.choice(
                "landmark.network",
                config.landmark().network(),
                Set.of("mobilefacenet", "mobilenet_gdconv", "pfld", "none"));
    }

    private void model(TrainConfig.Model model) {
        choice("model.family", model.family(), Set.of("s2d", "s4d"));
        choice("model.mode", model.mode(), Set.of("video", "image"));
        choice("model.prompt_type", model.promptType(), Set.of("deep", "shallow", "none"));
        choice("model.prompter", model.prompter(), Set.of("fovea", "cross-attention"));
        choice("model.temporal_adapter", model.temporalAdapter(), Set.of("attention", "conv"));
        choice("model.global_pool", model.globalPool(), Set.of("token", "avg"));
    }

    private void s4d(TrainConfig config) {
        TrainConfig.Pretraining pretraining = config.pretraining();
        choice("train.objective", config.train().objective(), Set.of("classify", "reconstruct"));
        choice("pretraining.masking", pretraining.masking(), Set.of("random", "tube"));
        choice("pretraining.targets", pretraining.targets(), Set.of("channel", "patch", "none"));
        atLeast("photos.batch_size", config.photos().batchSize(), 1);
        require(config.photos().repeat() > 0, "photos.repeat", config.photos().repeat(), "a positive number");
        for (double part : new double[] {pretraining.photoMask(), pretraining.clipMask()}) {
            require(part > 0 && part < 1, "pretraining masks", part, "a number between 0 and 1");
        }
        atLeast("loss.balance", config.loss().balance(), 0);
        require(
                config.isS4d() || (!config.reconstructs() && !config.photos().isUsed()),
                config.reconstructs() ? "train.objective" : "photos.train",
                config.reconstructs() ? "reconstruct" : config.photos().train(),
                "model.family s4d with it");
        require(
                !config.isS4d() || !config.loss().sdl().enabled(),
                "loss.sdl.enabled",
                true,
                "false for model.family s4d");
        boolean separable = config.model().expertLayers().isEmpty() && !config.reconstructs();
        atLeast("train.micro_batch", config.train().microBatch(), 0);
        require(
                config.train().microBatch() == 0 || separable,
                "train.micro_batch",
                config.train().microBatch(),
                "0 with experts and with masks, which look at a batch as a whole; lower train.batch_size and raise"
                        + " train.update_freq");
    }

    private void data(TrainConfig.Data data) {
        choice("data.label_base", data.labelBase(), Set.of("auto", "zero", "one"));
        choice("data.test_crop_mode", data.testCropMode(), Set.of("square", "aspect"));
        choice("data.augment.remode", data.augment().remode(), Set.of("pixel", "rand", "const"));
        choice("data.augment.mixup_mode", data.augment().mixupMode(), Set.of("batch", "pair", "elem"));
        atLeast("data.sampling_rate", data.samplingRate(), 1);
        atLeast("data.num_workers", data.numWorkers(), 1);
        atLeast("data.folds", data.folds(), 0);
        if (!data.benchmark().isEmpty()) {
            choice("data.benchmark", data.benchmark(), Set.copyOf(Reported.benchmarks()));
        }
        atLeast("data.augment.num_sample", data.augment().numSample(), 1);
        atLeast("data.augment.mixup", data.augment().mixup(), 0);
        atLeast("data.augment.cutmix", data.augment().cutmix(), 0);
        probability("data.augment.mixup_prob", data.augment().mixupProb());
        probability("data.augment.mixup_switch_prob", data.augment().mixupSwitchProb());
        atLeast("data.test_num_segment", data.testNumSegment(), 1);
        atLeast("data.test_num_crop", data.testNumCrop(), 1);
        probability("data.augment.flip", data.augment().flip());
        probability("data.augment.reprob", data.augment().reprob());
        pair("data.augment.crop_scale", data.augment().cropScale(), true);
        pair("data.augment.crop_ratio", data.augment().cropRatio(), false);
    }

    private void optim(TrainConfig.Optim optim) {
        atLeast("optim.lr", optim.lr(), 0);
        atLeast("optim.min_lr", optim.minLr(), 0);
        atLeast("optim.weight_decay", optim.weightDecay(), 0);
        atLeast("optim.warmup_epochs", optim.warmupEpochs(), 0);
        atLeast("optim.clip_grad", optim.clipGrad(), 0);
        probability("optim.ema_decay", optim.emaDecay());
        require(
                optim.layerDecay() > 0 && optim.layerDecay() <= 1,
                "optim.layer_decay",
                optim.layerDecay(),
                "a number above 0, at most 1");
        require(
                optim.lossScale() >= 0 || optim.lossScale() == -1,
                "optim.loss_scale",
                optim.lossScale(),
                "a positive number, 0 for none, or -1");
        require(optim.betas().size() == 2, "optim.betas", optim.betas(), "two numbers");
    }

    private void loss(TrainConfig.Loss loss) {
        require(
                loss.smoothing() >= 0 && loss.smoothing() < 1,
                "loss.smoothing",
                loss.smoothing(),
                "a number from 0 to below 1");
        atLeast("loss.sdl.k", loss.sdl().k(), 1);
        atLeast("loss.sdl.size", loss.sdl().size(), loss.sdl().k());
        for (List<Double> pair : loss.sdl().weights()) {
            require(
                    pair.size() == 2 && pair.get(0) == Math.rint(pair.get(0)) && pair.get(1) >= 0,
                    "loss.sdl.weights",
                    loss.sdl().weights(),
                    "pairs [epoch, weight]");
        }
    }

    private void train(TrainConfig.Train train) {
        atLeast("train.epochs", train.epochs(), 1);
        atLeast("train.batch_size", train.batchSize(), 1);
        atLeast("train.update_freq", train.updateFreq(), 1);
        atLeast("train.eval_every", train.evalEvery(), 1);
        atLeast("train.log_every", train.logEvery(), 1);
        atLeast("train.save_every_steps", train.saveEverySteps(), 0);
        atLeast("train.save_every_seconds", train.saveEverySeconds(), 0);
        require(
                train.threads() >= 0 && train.threads() <= 1024,
                "train.threads",
                train.threads(),
                "a number from 0 to 1024");
        choice("train.device", train.device(), Set.of("cpu", "reference", "cuda", "emulator"));
        choice("train.precision", train.precision(), Set.of("fp32", "bf16", "fp16"));
        require(
                !train.precision().equals("fp16") || !train.device().equals("cpu"),
                "train.precision",
                "fp16 on the CPU",
                "fp32 or bf16 there");
        choice("train.freeze", train.freeze(), Set.of("s2d", "s2d_freeze_prompters", "none"));
        choice("train.best_metric", train.bestMetric(), Set.of("uar", "war"));
    }

    private void choice(String key, String value, Set<String> choices) {
        require(
                choices.contains(value),
                key,
                "'" + value + "'",
                "one of " + String.join(", ", choices.stream().sorted().toList()));
    }

    private void atLeast(String key, double value, double least) {
        require(value >= least, key, inWords(value), "at least " + inWords(least));
    }

    private static String inWords(double number) {
        return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
    }

    private void probability(String key, double value) {
        require(value >= 0 && value <= 1, key, value, "a number from 0 to 1");
    }

    private void pair(String key, List<Double> values, boolean mayBeEmpty) {
        boolean right = values.isEmpty()
                ? mayBeEmpty
                : values.size() == 2 && values.get(0) > 0 && values.get(0) <= values.get(1);
        require(right, key, values, "two positive numbers, the smaller first");
    }

    private void require(boolean right, String key, Object value, String expected) {
        if (!right) {
            throw new UserException(placeOf.apply(key) + ": " + key + " is " + value + ", expected " + expected + ".");
        }
    }
}

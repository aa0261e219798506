package org.s2d.train.config;

import java.util.List;
import org.s2d.model.s4d.S4dConfig;
import org.s2d.tensor.UserException;
import org.s2d.train.config.TrainConfig.Augment;
import org.s2d.train.config.TrainConfig.Data;
import org.s2d.train.config.TrainConfig.Landmark;
import org.s2d.train.config.TrainConfig.Loss;
import org.s2d.train.config.TrainConfig.Model;
import org.s2d.train.config.TrainConfig.Optim;
import org.s2d.train.config.TrainConfig.Photos;
import org.s2d.train.config.TrainConfig.Pretraining;
import org.s2d.train.config.TrainConfig.Sdl;
import org.s2d.train.config.TrainConfig.Train;

/** Values of keys that a configuration leaves out: the authors' fine-tuning recipe, and presets of model sizes. */
final class ConfigDefaults {
    private ConfigDefaults() {}

    /** What the other defaults depend on. */
    record Kind(String family, String size, String mode, String objective) {
        static final Kind USUAL = new Kind("s2d", "small", "video", "classify");

        boolean isS4d() {
            return family.equals("s4d");
        }

        boolean reconstructs() {
            return objective.equals("reconstruct");
        }
    }

    static TrainConfig of(Kind kind) {
        return new TrainConfig(
                kind.isS4d() ? s4d(kind) : model(kind.size(), kind.mode()),
                new Landmark(kind.isS4d() ? "none" : "mobilefacenet", "", 0),
                data(kind.reconstructs()),
                new Photos("csv", "", "", "", "", "", "", "", List.of(), false, 8, kind.reconstructs() ? 1 : 0.5),
                optim(kind),
                loss(),
                new Pretraining(0, 4, 0, 0.9, 0.95, "random", "channel"),
                train(kind));
    }

    /** Sizes of S4D, with the authors' mixtures of experts. */
    private static Model s4d(Kind kind) {
        S4dConfig.Vit vit = S4dConfig.vit(kind.size());
        S4dConfig.Experts experts = S4dConfig.Experts.upperHalf(vit.depth());
        return new Model(
                kind.family(),
                kind.size(),
                kind.mode(),
                vit.imageSize(),
                vit.patchSize(),
                vit.embedDim(),
                vit.depth(),
                vit.heads(),
                vit.frames(),
                "none",
                "fovea",
                "attention",
                "avg",
                8,
                0.25,
                vit.mlpRatio(),
                0,
                vit.dropPath(),
                vit.tubelet(),
                vit.layerScale(),
                experts.layers().stream().sorted().toList(),
                experts.count(),
                experts.chosen(),
                experts.capacityFactor());
    }

    private static Model model(String size, String mode) {
        int frames = mode.equals("image") ? 1 : 16;
        return switch (size) {
            case "base" -> model(size, mode, 224, 16, 768, 12, 12, frames, 0.5);
            case "small" -> model(size, mode, 112, 8, 128, 4, 4, frames, 0);
            case "tiny" -> model(size, mode, 112, 8, 64, 3, 4, Math.min(frames, 8), 0);
            default -> throw new UserException("model.size '" + size + "' is unknown, expected base, small or tiny.");
        };
    }

    private static Model model(
            String size,
            String mode,
            int imageSize,
            int patchSize,
            int embedDim,
            int depth,
            int heads,
            int frames,
            double headDropout) {
        return new Model(
                "s2d",
                size,
                mode,
                imageSize,
                patchSize,
                embedDim,
                depth,
                heads,
                frames,
                "deep",
                "fovea",
                "attention",
                "token",
                8,
                0.25,
                4,
                headDropout,
                0,
                1,
                0,
                List.of(),
                0,
                0,
                0);
    }

    private static Data data(boolean reconstructs) {
        Augment augment = reconstructs ? lightAugment() : augment();
        return new Data(
                "csv", "", "", "", "", "", "", "", List.of(), "auto", 1, 0, false, false, false, 2, 2, 2, "square",
                false, 0, "", augment);
    }

    /** Of pre-training: crops and flips alone. */
    private static Augment lightAugment() {
        return new Augment("", List.of(0.2, 1.0), List.of(0.75, 1.3333), 0.5, 0, "pixel", 1, 0, 0, 1.0, 0.5, "batch");
    }

    private static Augment augment() {
        return new Augment(
                "rand-m7-n4-mstd0.5-inc1",
                List.of(0.08, 1.0),
                List.of(0.75, 1.3333),
                0.5,
                0.25,
                "pixel",
                1,
                0.8,
                1.0,
                1.0,
                0.5,
                "batch");
    }

    private static Optim optim(Kind kind) {
        if (kind.reconstructs()) {
            // 1.6e-3 for a batch of 512
            return new Optim(2.5e-5, 0, 0, true, 5, -1, 0.05, null, List.of(0.9, 0.95), 1e-8, 0, 1, 0, -1);
        }
        if (kind.isS4d()) {
            return new Optim(1e-5, 1e-8, 0, true, 2, -1, 0.05, null, List.of(0.9, 0.999), 1e-8, 0, 0.75, 0, -1);
        }
        return new Optim(1e-5, 1e-8, 0, true, 2, -1, 0.05, null, List.of(0.9, 0.999), 1e-8, 0, 1, 0, -1);
    }

    private static Loss loss() {
        List<List<Double>> weights =
                List.of(List.of(30.0, 0.01), List.of(50.0, 0.1), List.of(60.0, 0.5), List.of(80.0, 1.0));
        return new Loss(0.1, 1e-3, new Sdl(false, 2, 16, 21, 1, weights));
    }

    private static Train train(Kind kind) {
        String freeze = kind.isS4d() || kind.mode().equals("image") ? "none" : "s2d";
        return new Train(
                "", kind.objective(), 100, 8, 0, 1, 0, "cpu", "fp32", 0, true, freeze, "", false, 1, "uar", 20, 0, 300);
    }
}

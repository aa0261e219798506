package org.s2d.train;

import java.util.List;
import org.s2d.tensor.UserException;
import org.s2d.train.TrainConfig.Augment;
import org.s2d.train.TrainConfig.Data;
import org.s2d.train.TrainConfig.Landmark;
import org.s2d.train.TrainConfig.Loss;
import org.s2d.train.TrainConfig.Model;
import org.s2d.train.TrainConfig.Optim;
import org.s2d.train.TrainConfig.Sdl;
import org.s2d.train.TrainConfig.Train;

/** Values of keys that a configuration leaves out: the authors' fine-tuning recipe, and presets of model sizes. */
final class ConfigDefaults {
    private ConfigDefaults() {}

    static TrainConfig of(String size, String mode) {
        return new TrainConfig(
                model(size, mode), new Landmark("mobilefacenet", "", 0), data(), optim(), loss(), train(mode));
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
                0);
    }

    private static Data data() {
        Augment augment = new Augment(
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
        return new Data(
                "csv", "", "", "", "", "", "", "", List.of(), "auto", 1, 0, false, false, false, 2, 2, 2, "square",
                false, 0, "", augment);
    }

    private static Optim optim() {
        return new Optim(1e-5, 1e-8, 0, true, 2, -1, 0.05, null, List.of(0.9, 0.999), 1e-8, 0, 1, 0, -1);
    }

    private static Loss loss() {
        List<List<Double>> weights =
                List.of(List.of(30.0, 0.01), List.of(50.0, 0.1), List.of(60.0, 0.5), List.of(80.0, 1.0));
        return new Loss(0.1, new Sdl(false, 2, 16, 21, 1, weights));
    }

    private static Train train(String mode) {
        String freeze = mode.equals("image") ? "none" : "s2d";
        return new Train("", 100, 8, 1, 0, "cpu", "fp32", 0, true, freeze, "", false, 1, "uar", 20, 0, 300);
    }
}

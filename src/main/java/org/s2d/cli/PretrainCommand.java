package org.s2d.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.s2d.train.TrainOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "pretrain",
        mixinStandardHelpOptions = true,
        description = "Pre-train S4D without labels: it fills in hidden parts of photos and clips.",
        footer = {
            "",
            "The train command with other defaults: model.family=s4d, train.objective=reconstruct and their recipe."
                    + " data.train are the clips, photos.train the photographs; their labels are not used.",
            "Writes last.pth, steps.csv and reconstructions.png; ./s2d report RUN has the pictures too.",
            "Fine-tuning goes on from last.pth: ./s2d train with model.family=s4d and --finetune.",
            "",
            "Example:",
            "  ./s2d pretrain --set model.size=tiny --set data.train=clips.csv \\",
            "      --set photos.train=photos.csv --output runs/pre",
        })
final class PretrainCommand implements Callable<Integer> {
    @Mixin
    private TrainOptions options = new TrainOptions();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        return options.with(List.of("model.family=s4d", "train.objective=reconstruct"))
                .run(spec.commandLine().getOut());
    }
}

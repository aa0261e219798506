package org.s2d.cli;

import java.util.concurrent.Callable;
import org.s2d.train.TrainOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description = "Train a model by a configuration.",
        footer = {
            "",
            "Writes last.pth, best.pth, config.yaml, steps.csv, epochs.csv, TensorBoard",
            "events, curves.png, confusion.png and model-card.md into train.output_dir.",
            "Ctrl-C saves and exits 0; --resume continues with the same bits. A loss that",
            "is not finite ends the run with exit code 2; nothing broken is saved.",
            "",
            "--fold all trains and tests every fold of a configuration (data.folds, with {fold} in the names of the",
            "lists), each in a folder of its own, and writes folds.txt, folds.csv and folds.json with their mean.",
            "",
            "Examples:",
            "  ./s2d train config.yaml --set optim.lr=1e-4 --output runs/first",
            "  ./s2d train config.yaml --output runs/first --resume",
            "  ./s2d train src/main/configs/dfew.yaml --fold all --resume",
            "  ./s2d train --print-config --set model.size=base",
        })
final class TrainCommand implements Callable<Integer> {
    @Mixin
    private TrainOptions options = new TrainOptions();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        return options.run(spec.commandLine().getOut());
    }
}

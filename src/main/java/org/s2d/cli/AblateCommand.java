package org.s2d.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.s2d.train.Ablation;
import org.s2d.train.StopSignal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "ablate",
        mixinStandardHelpOptions = true,
        description = "Train and test variants of a configuration, and compare them in one table.",
        footer = {
            "",
            "GRID is a YAML file, for example:",
            "  config: video.yaml           # relative to this file",
            "  image: image.yaml            # image model that each variant starts from; may be left out",
            "  output: runs/ablation",
            "  set: {train.epochs: 5}       # for all",
            "  seeds: [0, 1, 2]",
            "  variants:                    # the first is what the others are compared with",
            "    full: {}",
            "    no prompts: {model.prompt_type: none}",
            "  grid:                        # besides or instead: all combinations",
            "    loss.sdl.k: [1, 2, 4]",
            "",
            "Writes ablation.txt, ablation.csv and ablation.md with 95 %% bootstrap intervals. Ctrl-C saves and exits",
            "0; the same command continues.",
            "",
            "Examples:",
            "  ./s2d ablate src/main/configs/ablation-real-faces.yaml --set landmark.weights=MOBILEFACENET.pth.tar",
            "  ./s2d ablate grid.yaml --output runs/second",
        })
final class AblateCommand implements Callable<Integer> {
    @Parameters(paramLabel = "GRID", description = "YAML file with the variants.")
    private Path grid = Path.of("");

    @Option(names = "--output", paramLabel = "DIR", description = "Folder for runs and table instead of the file's.")
    private @Nullable String output;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Change a key in all variants, after the file's; repeatable.")
    private List<String> settings = List.of();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        StopSignal signal = StopSignal.install();
        int code = Main.BAD_INPUT; // what an exception ends in
        try {
            Ablation.run(grid, output, settings, out, signal::requested);
            code = 0;
            return code;
        } finally {
            out.flush();
            signal.close(code);
        }
    }
}

package org.s2d.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.s2d.data.synthetic.SyntheticFaces;
import org.s2d.tensor.UserException;
import org.s2d.train.Quickstart;
import org.s2d.train.StopSignal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "quickstart",
        mixinStandardHelpOptions = true,
        description =
                "Train an image model and a video model on drawn faces, and show what they learned. No downloads.",
        footer = {
            "",
            "Interrupted, it saves; the same command continues. Takes a few minutes on 2 cores.",
            "",
            "Example:",
            "  ./s2d quickstart --output runs/quickstart",
        })
final class QuickstartCommand implements Callable<Integer> {
    @Option(
            names = "--output",
            defaultValue = "runs/quickstart",
            description = "Run folder. Default: ${DEFAULT-VALUE}.")
    private Path output = Path.of("runs", "quickstart");

    @Option(
            names = "--seed",
            defaultValue = "1",
            description = "Seed of drawings and training. Default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Override a training key. Repeatable.")
    private List<String> settings = new ArrayList<>();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        if (Files.exists(output.resolve("predictions.png"))) {
            throw new UserException(output + ": holds a finished quickstart. Delete it, or choose another --output.");
        }
        SyntheticFaces.Options options = SyntheticFaces.Options.defaults(seed)
                .withClips(80, 12, 20)
                .withStills(8)
                .withSize(56);
        StopSignal signal = StopSignal.install();
        int code = Main.FAILED;
        try {
            Quickstart quickstart = new Quickstart(output, settings, out, signal::requested);
            Quickstart.Result result = quickstart.run(options, new ConsoleProgress(out, "drawing"));
            if (result.finished()) {
                out.println();
                out.println(Quickstart.describe("image model", result.image()));
                out.println(Quickstart.describe("video model", result.video()));
                out.println(
                        "see " + output.resolve("predictions.png") + ", confusion_video.png, confusion_image.png and "
                                + output.resolve("video").resolve("curves.png"));
            }
            code = 0;
            return code;
        } finally {
            out.flush();
            signal.close(code);
        }
    }
}

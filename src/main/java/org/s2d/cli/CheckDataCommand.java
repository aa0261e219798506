package org.s2d.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.s2d.data.check.ClipProbe.Depth;
import org.s2d.tensor.UserException;
import org.s2d.train.DataCheck;
import org.s2d.train.DataReport;
import org.s2d.train.config.ConfigReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "check-data",
        mixinStandardHelpOptions = true,
        description = "Check the data of a configuration before hours of training are spent on them.",
        footer = {
            "",
            "Clips that are missing or unreadable, frame counts and order, sizes, class counts, label mapping, and",
            "what training and test share: clips, copies of them, persons where they are known (a column person in",
            "the list, the clips.csv of prepare, or --person). Photographs of a second task (photos.*) are looked at"
                    + " in",
            "the same way, and for what clips are tested on. Exit code 1 when something is wrong with the data.",
            "",
            "Examples:",
            "  ./s2d check-data my.yaml",
            "  ./s2d check-data src/main/configs/dfew.yaml --fold all --json check.json",
            "  ./s2d check-data my.yaml --frames all --person '(.+)_[0-9]+$'",
        })
final class CheckDataCommand implements Callable<Integer> {
    @Parameters(paramLabel = "CONFIG", description = "YAML file, as for train.")
    private Path file = Path.of("");

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Override a key. Repeatable.")
    private List<String> settings = new ArrayList<>();

    @Option(names = "--fold", paramLabel = "all|N", description = "Of a configuration with folds: all, or one.")
    private @Nullable String fold;

    @Option(
            names = "--frames",
            paramLabel = "three|all",
            defaultValue = "three",
            description = "Which frames are decoded: first, middle and last, or all. Default: ${DEFAULT-VALUE}.")
    private Depth frames = Depth.THREE;

    @Option(
            names = "--person",
            paramLabel = "REGEX",
            description = "Its first group in a clip's name in the list is the person.")
    private @Nullable String person;

    @Option(names = "--json", paramLabel = "FILE", description = "Also write the report as JSON.")
    private @Nullable Path json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        DataReport report = DataCheck.run(
                ConfigReader.read(file, settings),
                fold,
                new DataCheck.Options(frames, PersonOption.pattern(person)),
                new ConsoleProgress(out, "clips"));
        out.print(report.text());
        out.flush();
        if (json != null) {
            write(json, report.json());
        }
        return report.isSound() ? 0 : Main.FAILED;
    }

    private static void write(Path path, String text) {
        try {
            Files.writeString(path, text);
        } catch (IOException e) {
            throw new UserException(path + ": cannot be written (" + e + ").", e);
        }
    }
}

package org.s2d.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.s2d.cli.pack.Distribution;
import org.s2d.tensor.UserException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "package",
        mixinStandardHelpOptions = true,
        description = "Write an archive that runs on machines without Java.",
        footer = {
            "",
            "Examples:",
            "  ./s2d package",
            "  ./s2d package --lean --output s2d-lean.tar.gz",
        })
final class PackageCommand implements Callable<Integer> {
    @Option(
            names = "--lean",
            description = "For machines that compute on a GPU: without oneDNN, video decoding and face detection.")
    private boolean lean;

    @Option(names = "--output", paramLabel = "FILE", description = "Default: target/NAME.tar.gz.")
    private @Nullable Path output;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        Distribution distribution = new Distribution(Distribution.ownHome(), lean);
        Path archive = output != null
                ? output
                : distribution.home().resolve("target").resolve(distribution.name() + ".tar.gz");
        try {
            distribution.write(archive);
            spec.commandLine().getOut().printf(Locale.ROOT, "%s: %.1f MB%n", archive, Files.size(archive) / 1e6);
        } catch (IOException e) {
            throw new UserException(
                    archive + ": cannot be written: " + e + ". Check the folder and its free space.", e);
        }
        return 0;
    }
}

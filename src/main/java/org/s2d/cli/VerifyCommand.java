package org.s2d.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.s2d.device.Device;
import org.s2d.tensor.UserException;
import org.s2d.verify.CaseVerifier;
import org.s2d.verify.Verification;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = "Compare the engine with tensors exported from PyTorch.",
        footer = {
            "",
            "Prints one row per tensor and a last line with the totals; exit code 1 when any tensor fails.",
            "",
            "Examples:",
            "  ./s2d verify weights/reference/s2d_tiny*",
            "  ./s2d verify weights/reference/s2d_tiny --precision bf16",
            "  ./s2d verify path/to/s2d_train_trajectory --device emulator --steps 10",
        })
final class VerifyCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "CASE_DIR",
            arity = "1..*",
            description = "Folders with a manifest.json and safetensors files.")
    private List<Path> folders = List.of();

    @Option(names = "--steps", description = "Most training steps of a run. Default: all that the case has.")
    private int steps = Integer.MAX_VALUE;

    @Mixin
    private DeviceOptions options = new DeviceOptions();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (steps < 1) {
            throw new UserException("--steps " + steps + ": must be at least 1.");
        }
        PrintWriter err = spec.commandLine().getErr();
        try (Device device = options.open()) {
            Verification verification = new Verification(
                    new CaseVerifier.Target(device, options.precision(), steps, run -> new ConsoleProgress(err, run)));
            Verification.Totals totals =
                    verification.run(folders, spec.commandLine().getOut());
            return totals.failed() == 0 ? 0 : Main.FAILED;
        }
    }
}

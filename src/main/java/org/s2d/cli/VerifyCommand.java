package org.s2d.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.s2d.device.Device;
import org.s2d.verify.Verification;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
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
        })
final class VerifyCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "CASE_DIR",
            arity = "1..*",
            description = "Folders with a manifest.json and safetensors files.")
    private List<Path> folders = List.of();

    @Mixin
    private DeviceOptions options = new DeviceOptions();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        try (Device device = options.open()) {
            Verification verification = new Verification(device, options.precision());
            Verification.Totals totals =
                    verification.run(folders, spec.commandLine().getOut());
            return totals.failed() == 0 ? 0 : Main.FAILED;
        }
    }
}

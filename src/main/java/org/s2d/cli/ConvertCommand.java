package org.s2d.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.s2d.weights.CheckpointConverter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "convert",
        mixinStandardHelpOptions = true,
        description = "Rewrite a checkpoint in another format, chosen by the ending of OUT.",
        footer = {
            "",
            "Examples:",
            "  ./s2d convert checkpoint-best.pth checkpoint-best.safetensors",
            "  ./s2d convert model.safetensors model.pth",
        })
final class ConvertCommand implements Callable<Integer> {
    @Parameters(
            index = "0",
            paramLabel = "IN",
            description = "A checkpoint: .pth, .pt, .pth.tar, .safetensors, .npy, .npz.")
    private Path in;

    @Parameters(index = "1", paramLabel = "OUT", description = "Where to write: .safetensors, .pth or .pt.")
    private Path out;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        CheckpointConverter.convert(in, out);
        spec.commandLine().getOut().println(in + " -> " + out);
        return 0;
    }
}

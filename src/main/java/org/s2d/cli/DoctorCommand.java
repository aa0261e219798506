package org.s2d.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.s2d.cli.Diagnosis.Library;
import org.s2d.device.cuda.lib.DriverLibrary.Gpu;
import org.s2d.device.natives.Machine;
import org.s2d.tensor.UserException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = "Show what this machine has of what the program needs, and how to get the rest.",
        footer = {
            "",
            "NVIDIA's libraries are looked for on the loader's path (LD_LIBRARY_PATH, ldconfig), in CUDA toolkits"
                + " (CUDA_HOME, CUDA_PATH, /usr/local/cuda*) and in Python packages (active venv or conda, the Pythons"
                + " on PATH, ~/.local, pyenv). Exit code 3 when the device named with --device cannot work.",
            "",
            "Examples:",
            "  ./s2d doctor",
            "  ./s2d doctor --device cuda && ./s2d train my.yaml --set train.device=cuda",
        })
final class DoctorCommand implements Callable<Integer> {
    private final Machine machine;
    private final Diagnosis.Probes probes;

    @Option(names = "--device", description = "cpu, cuda or emulator: fail when that device cannot work.")
    private @Nullable String device;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    DoctorCommand() {
        this(Machine.ofProcess(), Diagnosis.Probes.REAL);
    }

    DoctorCommand(Machine machine, Diagnosis.Probes probes) {
        this.machine = machine;
        this.probes = probes;
    }

    @Override
    public Integer call() throws JsonProcessingException {
        Diagnosis diagnosis = Diagnosis.of(machine, probes);
        String problem = "";
        if (device != null) {
            problem = diagnosis.devices().get(device.toLowerCase(Locale.ROOT));
            if (problem == null) {
                throw new UserException("--device " + device + ": unknown. Use cpu, cuda or emulator.");
            }
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(new ObjectMapper()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .writeValueAsString(diagnosis));
        } else {
            print(diagnosis, out);
        }
        if (problem.isEmpty()) {
            return 0;
        }
        spec.commandLine().getErr().println("s2d: --device " + device + " cannot work: " + problem);
        return Main.NO_DEVICE;
    }

    private static void print(Diagnosis diagnosis, PrintWriter out) {
        Diagnosis.Host host = diagnosis.host();
        row(out, "Java", host.java());
        row(out, "System", host.system());
        row(out, "Processor", host.processor() + ", " + host.cores() + " cores: " + String.join(" ", host.features()));
        for (Library library : diagnosis.libraries()) {
            row(out, library.name(), text(library));
        }
        if (diagnosis.cudaVersion() != null) {
            row(out, "CUDA", "up to " + diagnosis.cudaVersion() + " with this driver");
        }
        for (Gpu gpu : diagnosis.gpus()) {
            row(
                    out,
                    "GPU",
                    String.format(
                            Locale.ROOT,
                            "%s, compute capability %s, %d multiprocessors, %.1f GiB",
                            gpu.name(),
                            gpu.capability(),
                            gpu.multiprocessors(),
                            gpu.bytes() / (double) (1 << 30)));
        }
        row(out, "GPU kernels", diagnosis.kernels());
        out.println();
        diagnosis
                .devices()
                .forEach((name, problem) ->
                        row(out, "--device " + name, problem.isEmpty() ? "works" : "cannot work: " + problem));
    }

    private static String text(Library library) {
        if (library.path() == null) {
            return (library.required() ? "missing: " : "missing (not needed for everything): ") + library.missing();
        }
        return Objects.requireNonNullElse(library.version(), "version not stated") + "  " + library.path() + "  ["
                + library.origin() + "]";
    }

    private static void row(PrintWriter out, String name, String text) {
        out.printf("%-18s %s%n", name, text);
    }
}

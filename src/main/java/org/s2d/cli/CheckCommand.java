package org.s2d.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.s2d.check.ItemRun;
import org.s2d.check.Size;
import org.s2d.check.parts.Part;
import org.s2d.device.Device;
import org.s2d.device.DeviceException;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.config.Devices;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = "Check and measure a device item by item; tools/gpu-check runs all parts.",
        footer = {
            "",
            "conformance  every operation beside a reference in double",
            "reduced      enough of that to reach every kernel, for compute-sanitizer",
            "repeat       the same training twice, bit by bit",
            "kernels      times of kernels beside a large copy and a large product",
            "throughput   training steps and inference of the base model",
            "",
            "FILE gets a line of JSON per item. When the budget or the process ended before the items did, run again:"
                    + " what has a line is left out. Exit code 4: items are left.",
            "",
            "Examples:",
            "  ./s2d check conformance --device cuda --out conformance.jsonl",
            "  ./s2d check kernels --device emulator --size tiny --out kernels.jsonl",
        })
final class CheckCommand implements Callable<Integer> {
    private static final int UNFINISHED = 4;

    @Parameters(paramLabel = "PART", description = "${COMPLETION-CANDIDATES}")
    private Part part = Part.CONFORMANCE;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Lines of JSON; continued when there.")
    private Path out = Path.of("");

    @Option(
            names = "--device",
            defaultValue = "cuda",
            description = "cuda, emulator, cpu or reference. Default: ${DEFAULT-VALUE}.")
    private String device = "cuda";

    @Option(
            names = "--size",
            defaultValue = "base",
            description = "base, or tiny to try the command. Default: ${DEFAULT-VALUE}.")
    private Size size = Size.BASE;

    @Option(
            names = "--budget",
            defaultValue = "500",
            paramLabel = "SECONDS",
            description = "No item is started after that time. Default: ${DEFAULT-VALUE}.")
    private double budget = 500;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        requireFolder();
        PrintWriter console = spec.commandLine().getOut();
        Supplier<Device> open = () -> Devices.open(device, 0);
        Device opened = open.get();
        boolean works = false;
        try (Device reference = new ReferenceDevice(new HostPool())) {
            Part.Subjects subjects = new Part.Subjects(opened, reference, open);
            ItemRun run = new ItemRun(out, budget, () -> works(opened), console);
            ItemRun.Outcome outcome = run.run(part.items(subjects, size));
            works = works(opened);
            return !outcome.isComplete() ? UNFINISHED : outcome.failed() > 0 ? Main.FAILED : 0;
        } finally {
            close(opened, works);
        }
    }

    private void requireFolder() {
        Path folder = out.toAbsolutePath().getParent();
        try {
            if (folder != null) {
                Files.createDirectories(folder);
            }
        } catch (IOException e) {
            throw new UserException("--out " + out + ": its folder cannot be made: " + e + ".", e);
        }
    }

    /** Whether a number still comes back from a device as it went in. */
    private static boolean works(Device device) {
        try (Scope scope = new Scope(device.allocator());
                HostPool pool = new HostPool();
                Scope host = new Scope(pool)) {
            Tensor there = scope.allocate(DType.F32, Shape.of(1));
            device.upload(there, 3);
            Tensor back = host.allocate(DType.F32, Shape.of(1));
            device.download(back, there);
            return back.getDouble(0) == 3;
        } catch (DeviceException e) {
            return false;
        }
    }

    /** A device that was lost complains about everything when it is closed, which would hide why it was lost. */
    private void close(Device opened, boolean works) {
        try {
            opened.close();
        } catch (RuntimeException e) {
            if (works) {
                throw e;
            }
            spec.commandLine().getErr().println("s2d: closing the device: " + e.getMessage());
        }
    }
}

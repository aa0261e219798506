package org.s2d.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;
import org.s2d.device.cpu.OneDnn;
import org.s2d.device.cuda.PackedKernels;
import org.s2d.device.cuda.lib.CudaLibraries;
import org.s2d.device.cuda.lib.CudaLibrary;
import org.s2d.device.cuda.lib.DriverLibrary;
import org.s2d.device.cuda.lib.DriverLibrary.Gpu;
import org.s2d.device.natives.Machine;

/**
 * What this program needs and what of it a machine has. Written as JSON by {@code doctor --json}: the names of the
 * components are the names there.
 *
 * @param cudaVersion newest CUDA version that the driver runs, null without a driver
 * @param kernels where the kernels for a GPU would come from
 * @param devices for {@code cpu}, {@code cuda} and {@code emulator} why it cannot work; empty text when it can
 */
record Diagnosis(
        Host host,
        List<Library> libraries,
        @Nullable String cudaVersion,
        List<Gpu> gpus,
        String kernels,
        Map<String, String> devices) {

    /** Java, the system and the processor. */
    record Host(String java, String system, String processor, int cores, List<String> features) {}

    /**
     * A library that is there or not.
     *
     * @param version null when unknown
     * @param path null when it was not found
     * @param origin how it was found
     * @param missing what is missing and how to get it; empty when it is there
     */
    record Library(
            String name,
            @Nullable String version,
            @Nullable String path,
            @Nullable String origin,
            boolean required,
            String missing) {}

    /** What loads libraries, so that tests can lay out machines whose libraries are only names. */
    record Probes(
            Supplier<OneDnn> oneDnn,
            Function<Path, DriverLibrary.Report> driver,
            Supplier<Optional<PackedKernels>> packed) {
        static final Probes REAL = new Probes(OneDnn::load, DriverLibrary::report, PackedKernels::ofProgram);
    }

    static Diagnosis of(Machine machine, Probes probes) {
        List<Library> libraries = new ArrayList<>();
        Library oneDnn = oneDnn(probes);
        libraries.add(oneDnn);
        CudaLibraries cuda = CudaLibraries.find(machine);
        for (CudaLibrary library : CudaLibrary.values()) {
            libraries.add(describe(cuda, library));
        }
        Optional<DriverLibrary.Report> driver =
                cuda.get(CudaLibrary.DRIVER).map(found -> probes.driver.apply(found.path()));
        Map<String, String> devices = new LinkedHashMap<>();
        devices.put("cpu", oneDnn.missing);
        devices.put("cuda", cudaProblem(cuda, driver));
        devices.put("emulator", emulatorProblem(machine));
        return new Diagnosis(
                HostFacts.read(machine),
                libraries,
                driver.map(DriverLibrary.Report::cuda).orElse(null),
                driver.map(DriverLibrary.Report::gpus).orElse(List.of()),
                KernelOrigin.text(cuda, probes.packed.get(), driver),
                devices);
    }

    private static Library oneDnn(Probes probes) {
        try {
            OneDnn found = probes.oneDnn.get();
            return new Library("oneDNN", found.version(), found.path(), "packed", true, "");
        } catch (DeviceException e) {
            return new Library("oneDNN", null, null, null, true, String.valueOf(e.getMessage()));
        }
    }

    private static Library describe(CudaLibraries cuda, CudaLibrary library) {
        return cuda.get(library)
                .map(found -> new Library(
                        library.title(),
                        found.version(),
                        found.path().toString(),
                        found.origin().text(),
                        library.required(),
                        ""))
                .orElseGet(() ->
                        new Library(library.title(), null, null, null, library.required(), cuda.missing(library)));
    }

    private static String cudaProblem(CudaLibraries cuda, Optional<DriverLibrary.Report> driver) {
        try {
            cuda.requireAll();
        } catch (DeviceException e) {
            return String.valueOf(e.getMessage()).replaceFirst("^--device cuda: ", "");
        }
        String problem = driver.map(DriverLibrary.Report::problem).orElse(null);
        return problem == null ? "" : "the NVIDIA driver does not work: " + problem + ".";
    }

    private static String emulatorProblem(Machine machine) {
        boolean compiler =
                machine.folders("PATH").stream().anyMatch(folder -> Files.isExecutable(folder.resolve("g++")));
        return compiler ? "" : "g++ was not found; it builds the kernels for the emulator. apt-get install g++.";
    }
}

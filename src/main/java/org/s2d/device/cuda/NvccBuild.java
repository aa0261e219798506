package org.s2d.device.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.s2d.device.DeviceException;
import org.s2d.device.natives.Machine;

/**
 * The step of the program's build that compiles the kernels with nvcc, where there is one, and packs them: {@code
 * classes/kernels/FILE.fatbin} has machine code for some architectures and PTX for newer GPUs. What it was made of stays in
 * {@code kernels/}: {@code FILE.ARCHITECTURE.cubin}, and in {@code .txt} the registers, memory and spills of each entry point.
 * What was compiled before, in this or another checkout, comes from the user's cache.
 */
public final class NvccBuild {
    /** Machine code for data centres, and PTX for newer GPUs. */
    public static final List<String> ARCHITECTURES = List.of("sm_80", "sm_90a", "compute_90");

    private final Nvcc nvcc;
    private final KernelCache cache;
    private final Path work;
    private final Path packed;

    private record Job(String file, String unit, String architecture) {
        String name(String end) {
            return file + "." + architecture + "." + end;
        }

        String image() {
            return name(Nvcc.isPtx(architecture) ? "ptx" : "cubin");
        }
    }

    private NvccBuild(Nvcc nvcc, KernelCache cache, Path work, Path packed) {
        this.nvcc = nvcc;
        this.cache = cache;
        this.work = work;
        this.packed = packed;
    }

    /**
     * {@code TARGET_FOLDER ARCHITECTURE...}; instead of architectures {@code all} for {@link #ARCHITECTURES}, {@code none} to
     * leave everything as it is.
     */
    public static void main(String[] arguments) throws IOException {
        List<String> architectures = Arrays.asList(arguments).subList(1, arguments.length);
        try {
            if (!architectures.equals(List.of("none"))) {
                run(Path.of(arguments[0]), architectures.equals(List.of("all")) ? ARCHITECTURES : architectures);
            }
        } catch (DeviceException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    /** Writes below {@code target/classes} and {@code target/kernels}; without nvcc there is nothing there afterwards. */
    public static void run(Path target, List<String> architectures) throws IOException {
        Path work = target.resolve("kernels");
        Path packed = target.resolve("classes").resolve(PackedKernels.FOLDER);
        for (Path old : List.of(work, packed)) {
            if (Files.exists(old)) {
                EmulatorBuild.remove(old);
            }
        }
        Optional<Nvcc> nvcc = Nvcc.find(Machine.ofProcess());
        if (nvcc.isEmpty()) {
            System.out.println(
                    "kernels: no nvcc of CUDA " + Nvcc.OLDEST_CUDA + " or later; NVRTC will compile them at run time");
            return;
        }
        new NvccBuild(nvcc.get(), KernelCache.ofUser(), work, packed).build(KernelSources.ofCheckout(), architectures);
    }

    private void build(KernelSources sources, List<String> architectures) throws IOException {
        Files.createDirectories(work);
        Files.createDirectories(packed);
        Map<String, String> units = new TreeMap<>();
        sources.files().forEach(file -> units.put(file, sources.unit(file)));
        units.entrySet().stream()
                .flatMap(file -> architectures.stream().map(one -> new Job(file.getKey(), file.getValue(), one)))
                .toList()
                .parallelStream()
                .forEach(this::compile);
        units.entrySet().parallelStream().forEach(file -> pack(file.getKey(), file.getValue(), architectures));
        units.replaceAll((file, unit) -> KernelCache.hash(unit));
        String cuda = nvcc.version().replaceFirst("^(\\d+\\.\\d+)\\..*", "$1");
        Files.writeString(packed.resolve(PackedKernels.INDEX), new PackedKernels(cuda, architectures, units).index());
    }

    /** One run of the compiler gives two entries of the cache. */
    private void compile(Job job) {
        String key = nvcc.key(job.unit, job.architecture);
        Nvcc.Compiled[] compiled = new Nvcc.Compiled[1];
        Path image = cache.get(key, job.file, () -> once(compiled, job).code());
        Path report =
                cache.get(key, job.file + "-report", () -> once(compiled, job).report());
        copy(image, work.resolve(job.image()));
        copy(report, work.resolve(job.name("txt")));
    }

    private void pack(String file, String unit, List<String> architectures) {
        List<Path> images = architectures.stream()
                .map(one -> work.resolve(new Job(file, unit, one).image()))
                .toList();
        String key = String.join(
                "", architectures.stream().map(one -> nvcc.key(unit, one)).toList());
        Path fatBinary = cache.get(key, file + "-packed", () -> nvcc.pack(architectures, images));
        copy(fatBinary, packed.resolve(file + PackedKernels.END));
    }

    private Nvcc.Compiled once(Nvcc.Compiled[] compiled, Job job) {
        if (compiled[0] == null) {
            compiled[0] = nvcc.compile(job.file, job.unit, job.architecture);
        }
        return compiled[0];
    }

    private static void copy(Path from, Path to) {
        try {
            Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package org.s2d.device.cuda;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.s2d.device.DeviceException;
import org.s2d.device.natives.Machine;

/**
 * NVIDIA's compiler as a program.
 *
 * @param program where it is; the other programs of the toolkit lie beside it
 * @param version such as {@code 13.0.88}
 */
record Nvcc(Path program, String version) {
    /** Older ones do not compress machine code, and their drivers are found rarely beside a new compiler. */
    static final int OLDEST_CUDA = 13;

    private static final Pattern RELEASE = Pattern.compile("release (\\d+)\\.\\d+, V(\\S+)");
    private static final List<String> OPTIONS = List.of("-std=c++17", "-O3");
    private static final List<String> MACHINE_CODE = List.of("-lineinfo", "--resource-usage", "-cubin");

    /** What it made of a file. */
    static final class Compiled {
        private final byte[] code;
        private final String report;

        private Compiled(byte[] code, String report) {
            this.code = code;
            this.report = report;
        }

        /** Machine code, or PTX as text. */
        byte[] code() {
            return code;
        }

        /** Registers, memory and spills of each entry point; nothing for PTX. */
        byte[] report() {
            return report.getBytes(StandardCharsets.UTF_8);
        }
    }

    /** Of the toolkit that CUDA_HOME names, on the PATH, or of the installed toolkit. */
    static Optional<Nvcc> find(Machine machine) {
        List<Path> folders = new ArrayList<>();
        machine.folder("CUDA_HOME").ifPresent(toolkit -> folders.add(toolkit.resolve("bin")));
        folders.addAll(machine.folders("PATH"));
        folders.add(machine.at("/usr/local/cuda/bin"));
        return folders.stream()
                .map(folder -> folder.resolve("nvcc"))
                .filter(Files::isExecutable)
                .flatMap(program -> asked(program).stream())
                .findFirst();
    }

    private static Optional<Nvcc> asked(Path program) {
        Matcher release = RELEASE.matcher(run(List.of(program.toString(), "--version")));
        boolean usable = release.find() && Integer.parseInt(release.group(1)) >= OLDEST_CUDA;
        return usable ? Optional.of(new Nvcc(program, release.group(2))) : Optional.empty();
    }

    /** All that the result depends on. */
    String key(String unit, String architecture) {
        return unit + architecture + options(architecture) + "nvcc " + version;
    }

    private static List<String> options(String architecture) {
        List<String> options = new ArrayList<>(OPTIONS);
        options.addAll(isPtx(architecture) ? List.of("-ptx") : MACHINE_CODE);
        return options;
    }

    static boolean isPtx(String architecture) {
        return architecture.startsWith("compute_");
    }

    Compiled compile(String file, String unit, String architecture) {
        return inFolder(work -> {
            Path source = Files.writeString(work.resolve(file + ".cu"), unit);
            Path code = work.resolve("code");
            List<String> command = new ArrayList<>(List.of(program.toString(), "-arch=" + architecture));
            command.addAll(options(architecture));
            command.addAll(List.of("-o", code.toString(), source.toString()));
            String report = run(command);
            return new Compiled(Files.readAllBytes(code), report);
        });
    }

    /** One file with all images, compressed; the driver takes what fits the GPU. Takes seconds. */
    byte[] pack(List<String> architectures, List<Path> images) {
        return inFolder(work -> {
            Path fatBinary = work.resolve("code");
            List<String> command = new ArrayList<>();
            command.add(program.resolveSibling("fatbinary").toString());
            command.addAll(List.of("-64", "--compress-all", "--compress-mode=size", "--create=" + fatBinary));
            for (int i = 0; i < images.size(); i++) {
                String architecture = architectures.get(i);
                command.add("--image3=kind=" + (isPtx(architecture) ? "ptx" : "elf") + ",sm="
                        + architecture.substring(architecture.indexOf('_') + 1) + ",file=" + images.get(i));
            }
            run(command);
            return Files.readAllBytes(fatBinary);
        });
    }

    private interface Work<T> {
        T in(Path folder) throws IOException;
    }

    private static <T> T inFolder(Work<T> work) {
        try {
            Path folder = Files.createTempDirectory("s2d-nvcc");
            try {
                return work.in(folder);
            } finally {
                EmulatorBuild.remove(folder);
            }
        } catch (IOException e) {
            throw new DeviceException("nvcc: no place for temporary files: " + e, e);
        }
    }

    private static String run(List<String> command) {
        return CompilerRun.run(command, String.join(" ", command), command.getFirst() + " cannot be started");
    }
}

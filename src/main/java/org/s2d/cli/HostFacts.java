package org.s2d.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.s2d.device.natives.Machine;

/** Java and the processor, as {@code doctor} prints them. */
final class HostFacts {
    /** Instruction sets that change how fast the CPU kernels are, as Linux names them. */
    private static final List<String> FEATURES =
            List.of("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16");

    private HostFacts() {}

    static Diagnosis.Host read(Machine machine) {
        List<String> lines = lines(machine.at("/proc/cpuinfo"));
        String processor = value(lines, "model name").orElse("unknown processor");
        Set<String> flags =
                new HashSet<>(Arrays.asList(value(lines, "flags").orElse("").split(" ", -1)));
        return new Diagnosis.Host(
                System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + ", "
                        + System.getProperty("java.home") + ")",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                processor,
                Runtime.getRuntime().availableProcessors(),
                FEATURES.stream().filter(flags::contains).toList());
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of(); // only Linux has it
        }
    }

    private static Optional<String> value(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst();
    }
}

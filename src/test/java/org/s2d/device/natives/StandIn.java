package org.s2d.device.natives;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** Builds stand-ins for libraries that this machine does not have, from C and C++ sources among the test resources. */
public final class StandIn {
    private static final Path SOURCES = Path.of("src", "test", "resources", "native");

    private StandIn() {}

    /** A shared library {@code folder/soname} whose symbols have the version {@code soname}, as NVIDIA's have. */
    public static Path build(Path folder, String soname, String source, String... options)
            throws IOException, InterruptedException {
        return build(folder, soname, source, List.of("-lm"), options);
    }

    /** As above; {@code libraries} are linked to. */
    public static Path build(Path folder, String soname, String source, List<String> libraries, String... options)
            throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/gcc")), "gcc builds the stand-in");
        Files.createDirectories(folder);
        Path script = Files.writeString(folder.resolve(soname + ".map"), soname + " { global: *; };\n");
        Path library = folder.resolve(soname);
        List<String> command =
                new ArrayList<>(source.endsWith(".cpp") ? List.of("g++", "-std=c++20", "-Ikernels") : List.of("gcc"));
        command.addAll(List.of("-shared", "-fPIC", "-O1"));
        command.addAll(List.of(options));
        command.addAll(List.of(
                "-Wl,-soname," + soname,
                "-Wl,--version-script=" + script,
                "-o",
                library.toString(),
                SOURCES.resolve(source).toString()));
        command.addAll(libraries);
        Process gcc = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(gcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(gcc.waitFor()).as(output).isZero();
        Files.delete(script);
        return library;
    }

    /** The first bytes of a shared library for x86-64: enough to be found, not to be loaded. */
    public static Path header(Path file) throws IOException {
        byte[] bytes = new byte[64];
        byte[] start = {0x7f, 'E', 'L', 'F', 2, 1, 1};
        System.arraycopy(start, 0, bytes, 0, start.length);
        bytes[16] = 3;
        bytes[18] = 62;
        Path folder = file.getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        return Files.write(file, bytes);
    }
}

package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** Runs after all other test classes (see {@code junit-platform.properties}) and looks at what they launched. */
@Order(Integer.MAX_VALUE)
class KernelCoverageTest {
    private static final String EXTENSION = ".cu";

    @BeforeAll
    static void needsCompiler() {
        Emulators.assumeCompiler();
        // Maven's choice of some test classes.
        assumeTrue(System.getProperty("test") == null, "what is not exercised shows only when every test runs");
    }

    @Test
    void everyEntryPointOfEveryKernelFileIsExercised() throws IOException {
        EmulatorBuild build = Emulators.build();
        Set<String> exercised = Emulators.exercised();
        Set<String> missing = new TreeSet<>();
        for (String file : kernelFiles()) {
            List<String> entryPoints = build.entryPoints(file);
            assertThat(entryPoints).as(file + EXTENSION).isNotEmpty();
            entryPoints.stream()
                    .filter(name -> !exercised.contains(name))
                    .map(name -> file + EXTENSION + ": " + name)
                    .forEach(missing::add);
        }
        assertThat(missing).as("entry points that no test launches").isEmpty();
    }

    private static List<String> kernelFiles() throws IOException {
        Path folder = KernelSources.ofCheckout().roots().getFirst();
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(EXTENSION))
                    .map(name -> name.substring(0, name.length() - EXTENSION.length()))
                    .sorted()
                    .toList();
        }
    }
}

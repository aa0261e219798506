package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.s2d.device.cuda.ResourceReport.EntryPoint;

/** The machine code that the build made of the kernels; skipped where it had no nvcc. */
class CompiledCodeTest {
    private static List<EntryPoint> compiled;

    @BeforeAll
    static void read() throws IOException {
        compiled = ResourceReport.read(ResourceReport.FOLDER).entryPoints();
        assumeFalse(compiled.isEmpty(), "the build had no nvcc of CUDA 13 or later");
    }

    @Test
    void noEntryPointSpillsRegistersOrNeedsAStack() {
        assertThat(compiled)
                .allSatisfy(entry -> assertThat(List.of(entry.spillStores(), entry.spillLoads(), entry.stack()))
                        .as(entry.name() + " for " + entry.architecture())
                        .containsOnly(0));
    }

    /** Launches give dynamic shared memory, which the emulator watches. */
    @Test
    void noEntryPointHasSharedMemoryOfItsOwn() {
        assertThat(compiled)
                .allSatisfy(entry ->
                        assertThat(entry.staticShared()).as(entry.name()).isZero());
    }

    /** Java asks for entry points by the names in the sources. */
    @Test
    void everyEntryPointOfTheSourcesIsThereForEachArchitecture() {
        Emulators.assumeCompiler();
        EmulatorBuild emulator = Emulators.build();
        Map<String, Set<String>> expected = new TreeMap<>();
        for (String file : KernelSources.ofCheckout().files()) {
            expected.put(file, new TreeSet<>(emulator.entryPoints(file)));
        }
        for (String architecture :
                new TreeSet<>(compiled.stream().map(EntryPoint::architecture).toList())) {
            Map<String, Set<String>> actual = new TreeMap<>();
            compiled.stream()
                    .filter(entry -> entry.architecture().equals(architecture))
                    .forEach(entry -> actual.computeIfAbsent(entry.file(), key -> new TreeSet<>())
                            .add(entry.name()));
            assertThat(actual).as(architecture).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"attention", "temporal_attention", "products"})
    void productsOf16BitTypesRunOnTensorCoresAndThoseOfFloatsDoNot(String file) throws IOException {
        for (EntryPoint entry : compiled) {
            boolean helper = entry.name().contains("_any") || entry.name().endsWith("_delta");
            if (entry.file().equals(file) && !helper) {
                Path code = ResourceReport.FOLDER.resolve(file + "." + entry.architecture() + ".cubin");
                assertThat(Cubin.read(code).count(entry.name(), Cubin.TENSOR_CORE_PRODUCT) > 0)
                        .as(entry.name() + " for " + entry.architecture())
                        .isEqualTo(entry.name().contains("f16"));
            }
        }
    }
}

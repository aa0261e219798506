package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackedKernelsTest {
    private static PackedKernels of(String architectures) {
        return new PackedKernels("13.1", List.of(architectures.split(" ")), Map.of());
    }

    @ParameterizedTest
    @CsvSource({
        "sm_80 sm_90a compute_90, 80, 13010, true",
        "sm_80 sm_90a compute_90, 86, 13010, true", // of the same generation
        "sm_80 sm_90a compute_90, 90, 13010, true",
        "sm_80 sm_90a compute_90, 120, 13010, true", // from PTX
        "sm_80 sm_90a compute_90, 120, 13000, false", // this driver cannot read PTX of 13.1,
        "sm_80 sm_90a compute_90, 90, 13000, true", // but machine code
        "sm_80 sm_90a compute_90, 90, 12080, false",
        "sm_86, 80, 13010, false",
        "sm_90a, 80, 13010, false",
        "sm_90a, 100, 13010, false",
    })
    void whichGpusTheyServe(String architectures, int capability, int driverCuda, boolean expected) {
        assertThat(of(architectures).serve(capability, driverCuda)).isEqualTo(expected);
    }
}

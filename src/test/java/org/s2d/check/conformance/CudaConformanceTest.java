package org.s2d.check.conformance;

import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.s2d.ChildTests;
import org.s2d.device.cuda.StandInGpu;

/** The device {@code cuda} as it runs on a GPU, JCuda and all, over stand-ins for NVIDIA's libraries. */
class CudaConformanceTest {
    @TestFactory
    Stream<DynamicTest> withCublas12() throws IOException, InterruptedException {
        StandInGpu machine = new StandInGpu("cublas12").driver().cublas(12, 12);
        return ChildTests.run(CudaConformanceChild.class, machine.environment());
    }
}

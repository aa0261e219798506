package org.s2d.check.conformance;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.s2d.autograd.Precision;
import org.s2d.device.Device;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.device.cuda.StandInGpu;
import org.s2d.tensor.HostPool;

/** The catalogue on the device {@code cuda}: products in every way, of the others the first sample. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CudaConformanceChild {
    private final Device reference = new ReferenceDevice(new HostPool(HostPool.Fill.POISON));
    private final Comparison comparison = new Comparison(reference);
    private final Device cuda = StandInGpu.open();

    @AfterAll
    void closeDevices() {
        reference.close();
        cuda.close();
    }

    @TestFactory
    Stream<DynamicTest> productsInAllPrecisionsAndLayouts() {
        return ProductEntries.entries().stream()
                .flatMap(entry -> entry.allSamples()
                        .flatMap(sample -> Stream.of(Precision.values())
                                .flatMap(precision -> Stream.of(Layout.values())
                                        .map(layout -> DynamicTest.dynamicTest(
                                                String.join(
                                                        " ",
                                                        entry.name(),
                                                        sample.toString(),
                                                        precision.name(),
                                                        layout.name()),
                                                () -> comparison.compare(entry, sample, cuda, precision, layout))))));
    }

    @TestFactory
    Stream<DynamicTest> everyOperation() {
        List<String> products =
                ProductEntries.entries().stream().map(OpEntry::name).toList();
        return Catalogue.entries().stream()
                .filter(entry -> !products.contains(entry.name()))
                .map(entry -> DynamicTest.dynamicTest(
                        entry.name(),
                        () -> comparison.compare(
                                entry, entry.samples().getFirst(), cuda, Precision.FP32, Layout.CONTIGUOUS)));
    }
}

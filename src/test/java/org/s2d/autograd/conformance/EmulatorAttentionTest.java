package org.s2d.autograd.conformance;

import static org.s2d.autograd.conformance.Input.normal;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.s2d.autograd.Precision;
import org.s2d.autograd.conformance.OpEntry.Sample;
import org.s2d.autograd.ops.Attention;
import org.s2d.device.Device;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.device.cuda.EmulatorDriver;
import org.s2d.device.cuda.Emulators;
import org.s2d.tensor.HostPool;

/** The kernels of attention and prompter at the sizes they were made for, and at each for which there is one of its own. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EmulatorAttentionTest {
    /** Several tiles of keys, several blocks of queries; every width of head; the adapter's layout; more heads than a block takes. */
    private static final List<OpEntry> ENTRIES = List.of(
            OpEntry.of("197 tokens, head of 64", (tape, in) -> Attention.overTokens(tape, in.getFirst(), 1))
                    .sample(normal(1, 197, 3 * 64)),
            OpEntry.of("heads of 128", (tape, in) -> Attention.overTokens(tape, in.getFirst(), 1))
                    .sample(normal(1, 75, 3 * 128)),
            OpEntry.of("heads of 20 side by side", (tape, in) -> Attention.overTokens(tape, in.getFirst(), 2))
                    .sample(normal(2, 18, 3 * 2 * 20)),
            OpEntry.of("more keys than queries", (tape, in) -> Attention.cross(tape, in.get(0), in.get(1), 2))
                    .sample(normal(1, 33, 2 * 16), normal(1, 70, 2 * 2 * 16)),
            OpEntry.of("16 frames, 8 heads of 24", (tape, in) -> Attention.overTime(tape, in.getFirst(), 8, 16))
                    .sample(normal(16, 2, 3 * 8 * 24)),
            OpEntry.of("29 frames, 9 heads of 32", (tape, in) -> Attention.overTime(tape, in.getFirst(), 9, 29))
                    .sample(normal(29, 1, 3 * 9 * 32)),
            OpEntry.of("18 frames, heads of 8", (tape, in) -> Attention.overTime(tape, in.getFirst(), 3, 18))
                    .sample(normal(36, 2, 3 * 3 * 8)),
            OpEntry.of("one frame, heads of 16", (tape, in) -> Attention.overTime(tape, in.getFirst(), 2, 1))
                    .sample(normal(2, 2, 3 * 2 * 16)),
            // More columns than threads, and more channels than are summed at a time.
            OpEntry.of("prompter of width 1032", AttentionEntries::foveaPrompt)
                    .sample(AttentionEntries.prompter(1, 5, 1032, 9)),
            OpEntry.of("prompter of width 521", AttentionEntries::foveaPrompt)
                    .sample(AttentionEntries.prompter(1, 11, 521, 2)));

    private final Device reference = new ReferenceDevice(new HostPool(HostPool.Fill.POISON));
    private final Comparison comparison = new Comparison(reference);
    private Device emulator;

    @BeforeAll
    void openDevice() {
        Emulators.assumeCompiler();
        emulator = Emulators.device(EmulatorDriver.Execution.IMMEDIATE);
    }

    @AfterAll
    void closeDevices() {
        reference.close();
        if (emulator != null) {
            emulator.close();
        }
    }

    @TestFactory
    Stream<DynamicTest> valueAndGradientsAreThoseOfTheReference() {
        return ENTRIES.stream()
                .flatMap(entry -> Stream.of(Precision.values()).map(precision -> {
                    Sample sample = entry.samples().getFirst();
                    return DynamicTest.dynamicTest(
                            entry.name() + " in " + precision,
                            () -> comparison.compare(entry, sample, emulator, precision, Layout.CONTIGUOUS));
                }));
    }
}

package org.s2d.check.conformance;

import java.util.List;
import java.util.stream.Stream;

/** Every operation of the engine. */
final class Catalogue {
    private Catalogue() {}

    static List<OpEntry> entries() {
        return Stream.of(
                        ElementwiseEntries.entries(),
                        ViewEntries.entries(),
                        NormalizationEntries.entries(),
                        ProductEntries.entries(),
                        AttentionEntries.entries(),
                        LossEntries.entries(),
                        TokenEntries.entries(),
                        ImageEntries.entries(),
                        FrameEntries.entries())
                .flatMap(List::stream)
                .toList();
    }
}

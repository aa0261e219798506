package org.s2d.autograd.conformance;

import static org.s2d.autograd.conformance.Input.normal;

import java.util.List;
import org.s2d.autograd.ops.Attention;

/** Attention in its three layouts. */
final class AttentionEntries {
    private AttentionEntries() {}

    static List<OpEntry> entries() {
        return List.of(OpEntry.of("attention over tokens", (tape, in) -> Attention.overTokens(tape, in.get(0), 2))
                .sample(normal(2, 5, 3 * 2 * 4))
                .sample(normal(1, 1, 3 * 2))
                .sample(normal(0, 5, 3 * 2 * 4))
                .error("is not [F, N, 3 * 2 heads * d]", normal(2, 5, 16)));
    }
}

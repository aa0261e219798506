package org.s2d.bench;

import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What one call of a benchmark does; the benchmark says it once, when it has checked its output. */
@State(Scope.Benchmark)
public class Work {
    double flops;
    double bytes;
    long items = 1;

    @Nullable
    Ceiling ceiling;

    /** Operations of one call of a peer that takes turns with us; 0 where there is none. */
    double peerFlops;

    /** Of the peer's call in this iteration. */
    double peerSeconds;

    /** Processor seconds that other processes have worked for us so far. */
    double elsewhere;

    /** Bytes that another process, which does the work, had resident at most; NaN where nobody knows. Empty: this process does it. */
    OptionalDouble residentElsewhere = OptionalDouble.empty();

    /** Clips, frames or files of one call. */
    Work items(long count) {
        items = count;
        return this;
    }

    /** One call does so many operations, to be compared with the rate of products. */
    Work flops(double count, @Nullable Ceiling products) {
        flops = count;
        ceiling = products;
        return this;
    }

    /** One call reads and writes so many bytes, to be compared with the rate of a copy. */
    Work bytes(double count, Ceiling copies) {
        bytes = count;
        ceiling = copies;
        return this;
    }

    @TearDown(Level.Trial)
    public void close() {
        if (ceiling != null) {
            ceiling.close();
        }
    }
}

package org.s2d.data.synthetic;

import java.util.SplittableRandom;
import org.s2d.data.random.RandomStream;

/** Independent random streams, each named by numbers, so that no picture depends on the order of drawing. */
final class Seeds {
    private Seeds() {}

    static SplittableRandom random(long seed, long... names) {
        return new SplittableRandom(RandomStream.of(seed, names).nextLong());
    }
}

package org.s2d.data.synthetic;

import java.util.SplittableRandom;

/** Independent random streams, each named by numbers, so that no picture depends on the order of drawing. */
final class Seeds {
    private Seeds() {}

    static SplittableRandom random(long seed, long... names) {
        long mixed = mix(seed);
        for (long name : names) {
            mixed = mix(mixed ^ mix(name));
        }
        return new SplittableRandom(mixed);
    }

    /** The finalizer of SplitMix64, after one step of its counter. */
    private static long mix(long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}

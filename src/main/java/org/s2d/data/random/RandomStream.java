package org.s2d.data.random;

/**
 * SplitMix64 (Steele, Lea and Flood, 2014): a counter that advances by a constant, hashed. The whole state is one long,
 * so a stream can be saved and restored exactly. {@link #of} derives independent streams from a seed and a path of
 * numbers (epoch, sample, purpose), so that what a sample gets does not depend on which thread loads it, or when.
 */
public final class RandomStream implements Draws {
    private static final long STEP = 0x9e3779b97f4a7c15L;

    private long state;

    private RandomStream(long state) {
        this.state = state;
    }

    /** The stream that belongs to a seed and a path; different paths give unrelated streams. */
    public static RandomStream of(long seed, long... path) {
        long key = mix(seed + STEP);
        for (long part : path) {
            // Multiplying first makes the order of the parts count.
            key = mix(key * 0xd1342543de82ef95L + mix(part + STEP) + STEP);
        }
        return new RandomStream(key);
    }

    /** A stream that continues where the one with this {@link #state} stood. */
    public static RandomStream fromState(long state) {
        return new RandomStream(state);
    }

    public long state() {
        return state;
    }

    public long nextLong() {
        state += STEP;
        return mix(state);
    }

    @Override
    public double nextDouble() {
        return (nextLong() >>> 11) * 0x1.0p-53;
    }

    @Override
    public int nextInt(int bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("bound must be positive: " + bound);
        }
        // Lemire's method: the high half of a product is uniform once the few biased low halves are drawn again.
        long product = (nextLong() >>> 32) * bound;
        if ((product & 0xffffffffL) < bound) {
            long biased = (1L << 32) % bound;
            while ((product & 0xffffffffL) < biased) {
                product = (nextLong() >>> 32) * bound;
            }
        }
        return (int) (product >>> 32);
    }

    /** Box and Muller's method; the second value is thrown away so that the state stays one number. */
    @Override
    public double nextGaussian() {
        double radius = Math.sqrt(-2 * StrictMath.log(1 - nextDouble()));
        return radius * StrictMath.cos(2 * Math.PI * nextDouble());
    }

    @Override
    public void fillGaussian(float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Ziggurat.next(this);
        }
    }

    /** Beta(a, b) for positive a and b: Jöhnk's method for small parameters, a ratio of gamma variables otherwise. */
    public double nextBeta(double a, double b) {
        if (!(a > 0) || !(b > 0)) {
            throw new IllegalArgumentException("beta parameters must be positive: " + a + ", " + b);
        }
        if (a > 1 || b > 1) {
            double x = nextGamma(a);
            return x / (x + nextGamma(b));
        }
        while (true) {
            double x = StrictMath.pow(nextDouble(), 1 / a);
            double y = StrictMath.pow(nextDouble(), 1 / b);
            if (x + y <= 1 && x + y > 0) {
                return x / (x + y);
            }
        }
    }

    /** Marsaglia and Tsang's method; shapes below one are raised by one and scaled back. */
    private double nextGamma(double shape) {
        if (shape < 1) {
            return nextGamma(shape + 1) * StrictMath.pow(1 - nextDouble(), 1 / shape);
        }
        double d = shape - 1.0 / 3;
        double c = 1 / Math.sqrt(9 * d);
        while (true) {
            double x = nextGaussian();
            double v = 1 + c * x;
            if (v > 0) {
                double cube = v * v * v;
                double u = 1 - nextDouble();
                if (StrictMath.log(u) < 0.5 * x * x + d - d * cube + d * StrictMath.log(cube)) {
                    return d * cube;
                }
            }
        }
    }

    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}

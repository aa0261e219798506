package org.s2d.data.random;

/**
 * Normally distributed numbers by Marsaglia and Tsang's ziggurat (2000): layers of equal area under the bell curve, of which one is drawn, then a
 * place in it; in one of a hundred draws the curve itself has to be asked. Places take other bits than layers (Doornik, 2005).
 */
final class Ziggurat {
    private static final int LAYERS = 256;
    /** Where the tail begins with so many layers, and their area. */
    private static final double TAIL = 3.654152885361009;

    private static final double AREA = 0.00492867323399;
    /** Right ends of the layers, outermost first; that of the lowest would be a rectangle's with the tail's area. */
    private static final double[] ENDS = ends();

    private Ziggurat() {}

    private static double[] ends() {
        double[] ends = new double[LAYERS + 1];
        ends[0] = AREA / bell(TAIL);
        ends[1] = TAIL;
        for (int i = 2; i < LAYERS; i++) {
            ends[i] = Math.sqrt(-2 * StrictMath.log(AREA / ends[i - 1] + bell(ends[i - 1])));
        }
        return ends;
    }

    private static double bell(double x) {
        return StrictMath.exp(-0.5 * x * x);
    }

    static double next(RandomStream stream) {
        while (true) {
            long bits = stream.nextLong();
            int layer = (int) bits & (LAYERS - 1);
            double x = ((bits >> 10) + 0.5) * 0x1.0p-53 * ENDS[layer];
            if (Math.abs(x) < ENDS[layer + 1]) {
                return x;
            }
            if (layer == 0) {
                return Math.copySign(tail(stream), x);
            }
            double low = bell(ENDS[layer]);
            if (low + stream.nextDouble() * (bell(ENDS[layer + 1]) - low) < bell(x)) {
                return x;
            }
        }
    }

    /** Marsaglia's method for the part beyond {@link #TAIL}. */
    private static double tail(RandomStream stream) {
        while (true) {
            double x = -StrictMath.log(1 - stream.nextDouble()) / TAIL;
            double y = -StrictMath.log(1 - stream.nextDouble());
            if (2 * y > x * x) {
                return TAIL + x;
            }
        }
    }
}

package org.s2d.device.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * exp in F32, error below one unit in the last place. {@code x = n ln 2 + r} with integer n and {@code |r| <= ln 2 / 2}; exp(r) is a
 * polynomial of degree 6 whose relative error, 3e-9, is minimal on that interval. Results below the smallest normal number
 * become 0, which also spares later arithmetic the slow path for subnormal numbers.
 */
final class VectorExp {
    private static final VectorSpecies<Float> SPECIES = TileProducts.SPECIES;
    /** Adding 1.5 * 2^23 leaves a small number's nearest integer in the low bits. */
    private static final FloatVector ROUND = constant(0x1.8p23f);

    private static final FloatVector LOG2_E = constant(1.442695f);
    /** ln 2 in two parts; the first has so few bits that its product with n is exact. */
    private static final FloatVector MINUS_LN2_HIGH = constant(-0x1.62e4p-1f);

    private static final FloatVector MINUS_LN2_LOW = constant(-1.4286068e-6f);
    private static final FloatVector SMALLEST = constant(-87);
    private static final FloatVector LARGEST = constant(89);
    private static final FloatVector ZERO = constant(0);
    // Twice the coefficients of exp(r): 2^n is put together as 2^(n-1) * 2, because 2^128 has no float although
    // exp(88.7) has.
    private static final FloatVector C0 = constant(2);
    private static final FloatVector C2 = constant(0.9999999f);
    private static final FloatVector C3 = constant(0.33333042f);
    private static final FloatVector C4 = constant(0.08333678f);
    private static final FloatVector C5 = constant(0.01673749f);
    private static final FloatVector C6 = constant(0.0027629077f);

    private VectorExp() {}

    private static FloatVector constant(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }

    static FloatVector exp(FloatVector x) {
        FloatVector bounded = x.blend(LARGEST, x.compare(VectorOperators.GT, LARGEST));
        FloatVector shifted = bounded.fma(LOG2_E, ROUND);
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, bounded));
        FloatVector y =
                C6.fma(r, C5).fma(r, C4).fma(r, C3).fma(r, C2).fma(r, C0).fma(r, C0);
        FloatVector power = shifted.reinterpretAsInts()
                .add(126)
                .lanewise(VectorOperators.LSHL, 23)
                .reinterpretAsFloats();
        return y.mul(power).blend(ZERO, x.compare(VectorOperators.LT, SMALLEST));
    }
}

package org.s2d.data.image;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Vectors with one lane for each of some neighbouring samples. */
final class Lanes {
    /** The smallest vector, of 64 bits, has to hold the samples. */
    private static final VectorShape WIDE =
            VectorShape.forBitSize(Math.max(256, IntVector.SPECIES_PREFERRED.vectorBitSize()));

    private static final VectorShape SMALL = VectorShape.forBitSize(WIDE.vectorBitSize() / 4);
    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, WIDE);
    static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, WIDE);
    /** Pixels of four samples. */
    static final VectorSpecies<Integer> PIXELS = VectorSpecies.of(int.class, SMALL);

    private static final VectorSpecies<Byte> SAMPLES = VectorSpecies.of(byte.class, SMALL);

    private Lanes() {}

    /** Samples as 0 to 255. */
    static FloatVector floats(byte[] samples, int at) {
        return (FloatVector)
                widen(ByteVector.fromArray(SAMPLES, samples, at)).convertShape(VectorOperators.I2F, FLOATS, 0);
    }

    static IntVector widen(ByteVector samples) {
        return (IntVector) samples.convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0);
    }

    /** Truncated and clipped. */
    static ByteVector samples(FloatVector values) {
        return samples((IntVector) values.convertShape(VectorOperators.F2I, INTS, 0));
    }

    /** Clipped. */
    static ByteVector samples(IntVector values) {
        return (ByteVector) values.max(0).min(255).convertShape(VectorOperators.I2B, SAMPLES, 0);
    }
}

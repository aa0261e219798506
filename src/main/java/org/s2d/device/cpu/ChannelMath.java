package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Sums over a stretch of F32 memory, formed in double: a channel's statistics must not drift with its length. */
final class ChannelMath {
    private static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Float> FLOATS =
            VectorSpecies.of(float.class, jdk.incubator.vector.VectorShape.forBitSize(DOUBLES.vectorBitSize() / 2));
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private ChannelMath() {}

    private static DoubleVector load(MemorySegment memory, long at) {
        return (DoubleVector) FloatVector.fromMemorySegment(FLOATS, memory, at * Float.BYTES, ORDER)
                .convertShape(VectorOperators.F2D, DOUBLES, 0);
    }

    private static float get(MemorySegment memory, long at) {
        return memory.get(ValueLayout.JAVA_FLOAT, at * Float.BYTES);
    }

    /** Sum of {@code count} elements from element {@code at} on. */
    static double sum(MemorySegment memory, long at, int count) {
        DoubleVector sums = DoubleVector.zero(DOUBLES);
        int i = 0;
        for (; i < DOUBLES.loopBound(count); i += DOUBLES.length()) {
            sums = sums.add(load(memory, at + i));
        }
        double sum = sums.reduceLanes(VectorOperators.ADD);
        for (; i < count; i++) {
            sum += get(memory, at + i);
        }
        return sum;
    }

    /** {@code sum((a - mean) * (b - meanB))}; {@code a} and {@code b} may be the same. */
    static double centredProduct(MemorySegment a, double meanA, MemorySegment b, double meanB, long at, int count) {
        DoubleVector sums = DoubleVector.zero(DOUBLES);
        int i = 0;
        for (; i < DOUBLES.loopBound(count); i += DOUBLES.length()) {
            sums = load(a, at + i).sub(meanA).fma(load(b, at + i).sub(meanB), sums);
        }
        double sum = sums.reduceLanes(VectorOperators.ADD);
        for (; i < count; i++) {
            sum += (get(a, at + i) - meanA) * (get(b, at + i) - meanB);
        }
        return sum;
    }
}

package org.s2d.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.s2d.LeakCheckedPool;
import org.s2d.device.Elementwise.Unary;
import org.s2d.device.Seed;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

class ElementwiseKernelsTest {
    @RegisterExtension
    final LeakCheckedPool memory = new LeakCheckedPool();

    private final Workers workers = new Workers(3);
    private final OneDnnTeam team = new OneDnnTeam(workers);
    private final CpuElementwise cpu = new CpuElementwise(workers, team);
    private final ReferenceElementwise reference = new ReferenceElementwise();

    @AfterEach
    void close() {
        cpu.close();
        team.close();
        workers.close();
    }

    /** Every 9973rd of all 2^32 floats: all magnitudes, both signs, denormals, infinities, NaN. */
    private static float[] floatsOfAllMagnitudes() {
        float[] values = new float[430_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.intBitsToFloat(i * 9973);
        }
        float[] special = {0f, -0f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MIN_VALUE, 88.8f
        };
        System.arraycopy(special, 0, values, 0, special.length);
        return values;
    }

    @ParameterizedTest
    @EnumSource
    void activationsAreAccurateForFloatsOfAllMagnitudes(Unary op) {
        try (Scope scope = new Scope(memory.pool())) {
            float[] values = floatsOfAllMagnitudes();
            Tensor in = scope.allocate(DType.F32, Shape.of(values.length)).set(values);
            Tensor out = scope.allocate(DType.F32, in.shape());
            cpu.unary(op, out, in);
            for (int i = 0; i < values.length; i++) {
                requireClose(
                        op,
                        values[i],
                        out.getDouble(i),
                        UnaryKernel.reference(op).applyAsDouble(values[i]));
            }
            Tensor one = scope.allocate(DType.F32, in.shape());
            cpu.fill(one, 1);
            cpu.unaryBackward(op, out, in, one);
            for (int i = 0; i < values.length; i++) {
                double exact = UnaryKernel.referenceBackward(op).applyAsDouble(values[i], 1);
                // The gradient of GELU crosses zero, near which only the absolute error is small.
                double slack = op == Unary.GELU ? 2e-7 : 0;
                requireClose(op, values[i], out.getDouble(i), exact, slack);
            }
        }
    }

    /** Products with a number that is not normal lose digits; the factors here are below 16. */
    private static final double UNDERFLOW = 16 * Float.MIN_VALUE;

    private static void requireClose(Unary op, float x, double actual, double exact) {
        requireClose(op, x, actual, exact, 0);
    }

    private static void requireClose(Unary op, float x, double actual, double exact, double slack) {
        boolean same = Double.isFinite(exact)
                ? Math.abs(actual - exact) <= 6e-7 * Math.abs(exact) + slack + UNDERFLOW
                : Double.compare(actual, exact) == 0;
        if (!same && !((float) exact == actual)) {
            throw new AssertionError(op + " of " + x + " is " + actual + ", expected " + exact);
        }
    }

    private Tensor random(Scope scope, DType type, int... dims) {
        Tensor tensor = scope.allocate(type, Shape.of(dims));
        Random random = new Random(dims.length);
        for (long i = 0; i < tensor.numel(); i++) {
            tensor.setDouble(i, type.isFloating() ? random.nextGaussian() : random.nextInt(100));
        }
        return tensor;
    }

    /** Views of a source of many shapes, and the type to copy to. */
    @ParameterizedTest
    @EnumSource
    void copiesBetweenAllTypesAndLayouts(DType to) {
        try (Scope scope = new Scope(memory.pool())) {
            for (DType from : DType.values()) {
                if (from.convertsTo(to)) {
                    checkCopy(scope, to, random(scope, from, 37, 41));
                    checkCopy(scope, to, random(scope, from, 37, 41).transpose(0, 1));
                    checkCopy(scope, to, random(scope, from, 3, 70, 66).permute(2, 0, 1));
                    checkCopy(scope, to, random(scope, from, 5, 6, 70, 34).permute(0, 3, 1, 2));
                    checkCopy(scope, to, random(scope, from, 40, 50).narrow(1, 3, 33));
                    checkCopy(scope, to, random(scope, from, 20, 1, 7).expand(Shape.of(20, 30, 7)));
                    checkCopy(scope, to, random(scope, from, 1).expand(Shape.of(9, 3)));
                    checkCopy(scope, to, random(scope, from, 20_000, 3));
                    checkCopy(scope, to, patches(random(scope, from, 2, 3, 2, 32, 48)));
                    checkCopy(scope, to, random(scope, from, 0, 4));
                }
            }
        }
    }

    private static Tensor patches(Tensor frames) {
        return frames.unflatten(4, 3, 16).unflatten(3, 2, 16).permute(0, 2, 3, 5, 1, 4, 6);
    }

    private void checkCopy(Scope scope, DType to, Tensor source) {
        Tensor exact = scope.allocate(to, source.shape());
        reference.copy(exact, source);
        Tensor out = scope.allocate(to, source.shape());
        cpu.copy(out, source);
        assertThat(out.toDoubles()).as("%s to %s", source, to).isEqualTo(exact.toDoubles());
        // And into a view of the same layout as the reversed source.
        int rank = source.rank();
        int[] order = new int[rank];
        int[] dims = new int[rank];
        for (int i = 0; i < rank; i++) {
            order[i] = rank - 1 - i;
            dims[i] = source.dim(rank - 1 - i);
        }
        Tensor reversed = scope.allocate(to, Shape.of(dims)).permute(order);
        cpu.copy(reversed, source);
        assertThat(reversed.toDoubles()).as("%s to reversed %s", source, to).isEqualTo(exact.toDoubles());
    }

    @Test
    void sumsOverAnyDimensionsOfAnyLayout() {
        try (Scope scope = new Scope(memory.pool())) {
            checkSum(scope, random(scope, DType.F32, 500, 70), 70);
            checkSum(scope, random(scope, DType.F32, 500, 70), 1, 70);
            checkSum(scope, random(scope, DType.BF16, 500, 70), 500, 1);
            checkSum(scope, random(scope, DType.F32, 500, 70));
            checkSum(scope, random(scope, DType.F32, 300, 200), 1, 1);
            checkSum(scope, random(scope, DType.F32, 4, 5, 6, 33), 1, 5, 1, 33);
            checkSum(scope, random(scope, DType.F32, 4, 5, 6, 33).permute(3, 1, 0, 2), 5, 1, 6);
            checkSum(scope, random(scope, DType.F32, 9, 8), 9, 8);
            checkSum(scope, random(scope, DType.F32, 0, 8), 8);
        }
    }

    private void checkSum(Scope scope, Tensor in, int... dims) {
        Tensor exact = scope.allocate(DType.F64, Shape.of(dims));
        reference.sumTo(exact, in);
        Tensor out = scope.allocate(DType.F32, Shape.of(dims));
        cpu.sumTo(out, in);
        for (long i = 0; i < out.numel(); i++) {
            assertThat(out.getDouble(i)).as("%s to %s", in, out.shape()).isEqualTo((float) exact.getDouble(i));
        }
    }

    @Test
    void dropoutDrawsTheSameElementsEverywhere() {
        try (Scope scope = new Scope(memory.pool())) {
            Tensor in = random(scope, DType.F32, 150, 333);
            Tensor out = scope.allocate(DType.F32, in.shape());
            Tensor exact = scope.allocate(DType.F64, in.shape());
            cpu.dropout(out, in, 0.3, Seed.of(99));
            reference.dropout(exact, in, 0.3, Seed.of(99));
            int kept = 0;
            for (long i = 0; i < in.numel(); i++) {
                assertThat(out.getDouble(i) != 0).isEqualTo(exact.getDouble(i) != 0);
                kept += out.getDouble(i) != 0 ? 1 : 0;
            }
            // Four standard deviations of a binomial draw.
            assertThat(kept / (double) in.numel()).isBetween(0.7 - 0.0083, 0.7 + 0.0083);
        }
    }

    @Test
    void seedsDrawDifferentElements() {
        int same = 0;
        for (int i = 0; i < 10_000; i++) {
            same += DropoutKernel.keeps(1, i, 0.5) == DropoutKernel.keeps(2, i, 0.5) ? 1 : 0;
        }
        assertThat(same).isBetween(4800, 5200);
    }

    @Test
    void refusesShapesAndTypesThatDoNotFit() {
        try (Scope scope = new Scope(memory.pool())) {
            Tensor a = scope.allocate(DType.F32, Shape.of(2, 3));
            Tensor b = scope.allocate(DType.F32, Shape.of(4));
            Tensor labels = scope.allocate(DType.I64, Shape.of(2, 3));
            Tensor wide = scope.allocate(DType.F64, Shape.of(2, 3));
            assertThatThrownBy(() -> cpu.copy(a, b))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("copy: shape (4) does not broadcast to (2, 3)");
            assertThatThrownBy(() -> cpu.copy(a, labels)).hasMessage("copy: no conversion from I64(2, 3) to F32(2, 3)");
            assertThatThrownBy(() -> cpu.unary(Unary.GELU, a, b)).hasMessage("GELU: shapes differ: (2, 3) and (4)");
            assertThatThrownBy(() -> cpu.scale(a, wide, 2))
                    .hasMessage("scale: F64(2, 3) is F64, which only the reference device computes with");
            assertThatThrownBy(() -> cpu.sumTo(b, a)).hasMessage("sumTo: shape (4) does not broadcast to (2, 3)");
        }
    }
}

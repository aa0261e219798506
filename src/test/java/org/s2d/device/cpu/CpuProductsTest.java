package org.s2d.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.s2d.device.Products.Activation;
import org.s2d.device.Products.Epilogue;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

class CpuProductsTest {
    private static final double EPSILON = 0x1p-23;
    private static final double BF16_EPSILON = 0x1p-8;

    /** What lies around every output; exact in both types. */
    private static final double CANARY = -12345.0 / 64;

    /** How a matrix lies in memory. */
    private enum Form {
        PLAIN,
        TRANSPOSED,
        /** Part of a larger matrix, at an address that is a multiple of the element size only. */
        PART,
        TRANSPOSED_PART,
        /** Every second element: nothing has a unit stride. */
        GAPS
    }

    private final HostPool pool = new HostPool(HostPool.Fill.POISON);
    private final Scope scope = new Scope(pool);
    private final Workers workers = new Workers(3);
    private final OneDnnTeam team = new OneDnnTeam(workers);
    private final CpuElementwise elementwise = new CpuElementwise(workers, team);
    private final CpuProducts products = new CpuProducts(pool, workers, elementwise, OneDnnLibrary.load(), 50);
    private final Random random = new Random(7);

    @AfterEach
    void close() {
        scope.close();
        products.close();
        elementwise.close();
        team.close();
        workers.close();
        pool.close();
    }

    private Tensor empty(DType dtype, Form form, int... dims) {
        Shape shape = Shape.of(dims);
        return switch (form) {
            case PLAIN -> scope.allocate(dtype, shape);
            case TRANSPOSED -> empty(dtype, Form.PLAIN, swapped(dims)).transpose(-2, -1);
            case TRANSPOSED_PART -> empty(dtype, Form.PART, swapped(dims)).transpose(-2, -1);
            case PART -> {
                int[] larger = Arrays.stream(dims).map(size -> size + 5).toArray();
                Tensor part = scope.allocate(dtype, Shape.of(larger));
                for (int i = 0; i < dims.length; i++) {
                    part = part.narrow(i, 3, dims[i]);
                }
                yield part;
            }
            case GAPS -> {
                int[] doubled = dims.clone();
                doubled[dims.length - 1] *= 2;
                Tensor wide = scope.allocate(dtype, Shape.of(doubled));
                long[] strides = Shape.of(doubled).contiguousStrides();
                strides[dims.length - 1] = 2;
                yield Tensor.strided(wide.storage(), dtype, shape, strides, 0);
            }
        };
    }

    private static int[] swapped(int[] dims) {
        int[] swapped = dims.clone();
        swapped[dims.length - 2] = dims[dims.length - 1];
        swapped[dims.length - 1] = dims[dims.length - 2];
        return swapped;
    }

    private Tensor gaussian(DType dtype, Form form, int... dims) {
        Tensor tensor = empty(dtype, form, dims);
        for (long i = 0; i < tensor.numel(); i++) {
            tensor.setDouble(i, random.nextGaussian());
        }
        return tensor;
    }

    private Tensor gaussian(int... dims) {
        return gaussian(DType.F32, Form.PLAIN, dims);
    }

    /** An output whose whole storage holds the canary. */
    private Tensor guarded(DType dtype, Form form, int... dims) {
        Tensor tensor = empty(dtype, form, dims);
        Tensor all = whole(tensor);
        for (long i = 0; i < all.numel(); i++) {
            all.setDouble(i, CANARY);
        }
        return tensor;
    }

    private static Tensor whole(Tensor tensor) {
        int count = Math.toIntExact(tensor.storage().bytes() / tensor.dtype().bytes());
        return Tensor.contiguous(tensor.storage(), tensor.dtype(), Shape.of(count));
    }

    private Tensor copyOf(Tensor tensor) {
        Tensor copy = scope.allocate(DType.F64, tensor.shape());
        for (long i = 0; i < tensor.numel(); i++) {
            copy.setDouble(i, tensor.getDouble(i));
        }
        return copy;
    }

    private Tensor absolute(Tensor tensor) {
        Tensor copy = copyOf(tensor);
        for (long i = 0; i < copy.numel(); i++) {
            copy.setDouble(i, Math.abs(copy.getDouble(i)));
        }
        return copy;
    }

    /**
     * Multiplies and compares with plain loops in double. Rounding errors of a sum of K products in F32 add up like a random
     * walk, to a small part of {@code EPSILON * sum |a b|}; the steps after it round once each; storing rounds to the type.
     */
    private void verify(Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        verify(products, out, a, b, epilogue);
    }

    private void verify(CpuProducts tested, Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        verify(out, a, b, epilogue, () -> tested.matmul(out, a, b, epilogue));
    }

    private void verify(Tensor out, Tensor a, Tensor b, Epilogue epilogue, Runnable product) {
        ReferenceProducts reference = new ReferenceProducts();
        Tensor expected = copyOf(out);
        reference.matmul(expected, a, b, epilogue);
        Tensor size = absolute(out);
        Epilogue magnitudes = new Epilogue(
                epilogue.bias() == null ? null : absolute(epilogue.bias()),
                Activation.NONE,
                epilogue.residual() == null ? null : absolute(epilogue.residual()),
                epilogue.accumulate());
        reference.matmul(size, absolute(a), absolute(b), magnitudes);
        double[] before = whole(out).toDoubles();
        product.run();
        for (long i = 0; i < out.numel(); i++) {
            double limit = 4 * EPSILON * size.getDouble(i)
                    + (out.dtype() == DType.BF16 ? BF16_EPSILON * Math.abs(expected.getDouble(i)) : 0);
            double error = Math.abs(out.getDouble(i) - expected.getDouble(i));
            if (!(error <= limit)) { // also when one of them is NaN
                throw new AssertionError(out + " = " + a + " @ " + b + ", element " + i + ": " + out.getDouble(i)
                        + ", expected " + expected.getDouble(i) + " within " + limit);
            }
        }
        assertUntouchedOutside(out, before);
    }

    private static void assertUntouchedOutside(Tensor out, double[] before) {
        for (long i = 0; i < out.numel(); i++) {
            out.setDouble(i, CANARY);
        }
        Tensor all = whole(out);
        for (int i = 0; i < before.length; i++) {
            double now = all.getDouble(i);
            assertThat(now == CANARY || Double.compare(now, before[i]) == 0)
                    .as("element %s of the storage of %s: %s", i, out, now)
                    .isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1",
        "1, 7, 5",
        "7, 1, 5",
        "5, 7, 1",
        "3, 5, 7",
        "16, 64, 32",
        "65, 67, 129",
        "17, 130, 200",
        "197, 64, 48"
    })
    void productsOfAllFormsEqualPlainLoops(int m, int n, int k) {
        for (Form left : Form.values()) {
            for (Form right : Form.values()) {
                Tensor a = gaussian(DType.F32, left, m, k);
                Tensor b = gaussian(DType.F32, right, k, n);
                verify(guarded(DType.F32, Form.PART, m, n), a, b, Epilogue.NONE);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void bf16OperandsGiveF32OrBf16(Form form) {
        for (DType out : List.of(DType.F32, DType.BF16)) {
            for (int[] size : new int[][] {{1, 1, 1}, {1, 33, 65}, {65, 67, 129}, {80, 140, 200}}) {
                Tensor a = gaussian(DType.BF16, form, size[0], size[2]);
                Tensor b = gaussian(DType.BF16, form, size[2], size[1]);
                verify(guarded(out, Form.PART, size[0], size[1]), a, b, Epilogue.NONE);
                verify(guarded(out, form, size[0], size[1]), a, b, Epilogue.ACCUMULATE);
            }
        }
    }

    /** Large enough that the right operand is packed; by one worker in several panels, the last of them narrower. */
    @ParameterizedTest
    @EnumSource(
            value = Form.class,
            names = {"PLAIN", "TRANSPOSED"})
    void largeRightOperandsArePacked(Form left) {
        Tensor a = gaussian(DType.F32, left, 193, 480);
        Tensor b = gaussian(DType.F32, Form.PART, 480, 1100);
        Epilogue epilogue = new Epilogue(gaussian(1100), Activation.NONE, null, false);
        verify(guarded(DType.F32, Form.PART, 193, 1100), a, b, epilogue);
        try (Workers one = new Workers(1);
                CpuProducts alone = new CpuProducts(pool, one, elementwise)) {
            verify(alone, guarded(DType.F32, Form.PART, 193, 1100), a, b, epilogue);
        }
    }

    /** With many rows the operand itself is gone when the product runs, so that only the copy can be read; with few rows the copy is. */
    @ParameterizedTest
    @CsvSource({"192, 1, 1", "200, 7, 5", "257, 130, 200", "576, 192, 96", "65, 67, 129", "1, 64, 48"})
    void productsReadPackedCopies(int m, int n, int k) {
        boolean manyRows = m >= 192;
        for (DType type : List.of(DType.F32, DType.BF16)) {
            for (Form form : List.of(Form.PLAIN, Form.TRANSPOSED, Form.PART, Form.TRANSPOSED_PART)) {
                for (boolean steps : new boolean[] {false, true}) {
                    Tensor a = gaussian(type, Form.PLAIN, m, k);
                    Tensor b = gaussian(type, form, k, n);
                    Tensor packed = Objects.requireNonNull(products.pack(scope, b));
                    Epilogue all = new Epilogue(gaussian(n), Activation.GELU, gaussian(type, Form.PART, m, n), true);
                    Epilogue epilogue = steps ? all : Epilogue.NONE;
                    Tensor out = guarded(type, Form.PART, m, n);
                    verify(out, a, b, epilogue, () -> {
                        (manyRows ? b : packed).storage().segment().fill((byte) 0xff);
                        products.matmul(out, a, b, packed, epilogue);
                    });
                }
            }
        }
    }

    @Test
    void whatCannotBeReadInPlaceIsNotPacked() {
        assertThat(products.pack(scope, gaussian(DType.F32, Form.GAPS, 8, 8))).isNull();
        assertThat(products.pack(scope, gaussian(2, 8, 8))).isNull();
    }

    @Test
    void everyEpilogueEqualsPlainLoops() {
        for (DType type : List.of(DType.F32, DType.BF16)) {
            for (DType residualType : List.of(DType.F32, DType.BF16)) {
                for (int bits = 0; bits < 16; bits++) {
                    int m = bits < 4 ? 1 : 37;
                    Tensor out = guarded(type, Form.PART, m, 80);
                    Tensor bias = (bits & 1) == 0 ? null : gaussian(80);
                    Activation activation = (bits & 2) == 0 ? Activation.NONE : Activation.GELU;
                    Tensor residual = (bits & 4) == 0 ? null : gaussian(residualType, Form.PLAIN, m, 80);
                    Epilogue epilogue = new Epilogue(bias, activation, residual, (bits & 8) != 0);
                    verify(out, gaussian(type, Form.PLAIN, m, 90), gaussian(type, Form.TRANSPOSED, 90, 80), epilogue);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void outputsResidualsAndBiasesMayBeViews(Form form) {
        for (DType type : List.of(DType.F32, DType.BF16)) {
            for (boolean accumulate : new boolean[] {false, true}) {
                Tensor a = gaussian(type, Form.PLAIN, 33, 40);
                Tensor b = gaussian(type, Form.PLAIN, 40, 50);
                Tensor bias = gaussian(DType.F32, Form.GAPS, 1, 50).select(0, 0);
                for (Form other : Form.values()) {
                    Tensor residual = gaussian(type, other, 33, 50);
                    verify(
                            guarded(type, form, 33, 50),
                            a,
                            b,
                            new Epilogue(bias, Activation.GELU, residual, accumulate));
                    verify(
                            guarded(type, form, 33, 50),
                            a,
                            b,
                            new Epilogue(null, Activation.NONE, residual, accumulate));
                }
                Tensor repeated = gaussian(type, Form.PLAIN, 1, 50).expand(Shape.of(33, 50));
                verify(guarded(type, form, 33, 50), a, b, new Epilogue(bias, Activation.NONE, repeated, accumulate));
            }
        }
    }

    @Test
    void theResidualMayBeTheOutput() {
        for (boolean accumulate : new boolean[] {false, true}) {
            Tensor a = gaussian(40, 900);
            Tensor b = gaussian(900, 30);
            Tensor out = gaussian(40, 30);
            Tensor before = copyOf(out);
            products.matmul(out, a, b, new Epilogue(null, Activation.NONE, out, accumulate));
            Tensor expected = copyOf(before);
            new ReferenceProducts().matmul(expected, a, b, new Epilogue(null, Activation.NONE, before, accumulate));
            for (long i = 0; i < out.numel(); i++) {
                assertThat(Math.abs(out.getDouble(i) - expected.getDouble(i))).isLessThan(900 * 4 * EPSILON);
            }
        }
    }

    @Test
    void batchesOfAllFormsEqualPlainLoops() {
        for (DType type : List.of(DType.F32, DType.BF16)) {
            for (Form form : Form.values()) {
                Tensor a = gaussian(type, form, 5, 33, 20);
                Tensor b = gaussian(type, form, 5, 20, 41);
                Tensor residual = gaussian(type, form, 5, 33, 41);
                verify(guarded(type, form, 5, 33, 41), a, b, Epilogue.NONE);
                Epilogue all = new Epilogue(gaussian(41), Activation.GELU, residual, true);
                verify(guarded(type, Form.PART, 5, 33, 41), a, b, all);
            }
        }
    }

    @Test
    void batchesOfOneOrStrideZeroRepeat() {
        for (Form form : Form.values()) {
            Tensor many = gaussian(DType.F32, form, 6, 30, 20);
            Tensor one = gaussian(DType.F32, form, 1, 20, 70);
            Tensor out = guarded(DType.F32, Form.PLAIN, 6, 30, 70);
            verify(out, many, one, Epilogue.NONE);
            verify(out, many, one.expand(Shape.of(6, 20, 70)), Epilogue.NONE);
            Tensor swappedOut = guarded(DType.F32, Form.PLAIN, 6, 70, 30);
            verify(swappedOut, one.transpose(1, 2), many.transpose(1, 2), Epilogue.NONE);
            verify(out, gaussian(1, 30, 20).expand(Shape.of(6, 30, 20)), one, Epilogue.ACCUMULATE);
        }
    }

    @Test
    void headsOfPackedTokensAreMultipliedInPlace() {
        int batch = 4;
        int tokens = 30;
        int width = 16;
        Tensor packed = gaussian(tokens, 3 * batch * width);
        List<Tensor> heads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            long[] strides = {width, 3L * batch * width, 1};
            long offset = (long) i * batch * width;
            heads.add(Tensor.strided(packed.storage(), DType.F32, Shape.of(batch, tokens, width), strides, offset));
        }
        Tensor scores = guarded(DType.F32, Form.PLAIN, batch, tokens, tokens);
        verify(scores, heads.get(0), heads.get(1).transpose(1, 2), Epilogue.NONE);
        Tensor merged = guarded(DType.F32, Form.PLAIN, tokens, batch, width).transpose(0, 1);
        verify(merged, gaussian(batch, tokens, tokens), heads.get(2), Epilogue.NONE);
    }

    @Test
    void rowsThatRepeatAreCopiedFirst() {
        Tensor a = gaussian(1, 20).expand(Shape.of(9, 20));
        verify(guarded(DType.F32, Form.PLAIN, 9, 8), a, gaussian(20, 8), Epilogue.NONE);
    }

    @Test
    void anEmptyInnerDimensionLeavesTheEpilogue() {
        for (DType type : List.of(DType.F32, DType.BF16)) {
            for (boolean accumulate : new boolean[] {false, true}) {
                Epilogue epilogue =
                        new Epilogue(gaussian(6), Activation.GELU, gaussian(type, Form.PLAIN, 2, 4, 6), accumulate);
                Tensor a = empty(type, Form.PLAIN, 2, 4, 0);
                Tensor b = empty(type, Form.PLAIN, 1, 0, 6);
                verify(guarded(type, Form.PART, 2, 4, 6), a, b, epilogue);
                verify(guarded(type, Form.PLAIN, 2, 4, 6), a, b, new Epilogue(null, Activation.NONE, null, accumulate));
            }
        }
    }

    @Test
    void emptyOutputsAreLeftAlone() {
        for (int[] size : new int[][] {{0, 3, 4, 5}, {2, 0, 4, 5}, {2, 3, 0, 5}, {0, 0, 0, 0}}) {
            Tensor out = guarded(DType.F32, Form.PLAIN, size[0], size[1], size[2]);
            Tensor a = empty(DType.F32, Form.PLAIN, size[0], size[1], size[3]);
            products.matmul(out, a, empty(DType.F32, Form.PLAIN, size[0], size[3], size[2]));
            assertThat(whole(out).toDoubles()).containsOnly(CANARY);
        }
    }

    @Test
    void notANumberAndInfinityPropagateToTheirRowsAndColumns() {
        for (DType type : List.of(DType.F32, DType.BF16)) {
            for (Activation activation : Activation.values()) {
                Tensor a = gaussian(type, Form.PLAIN, 40, 50);
                Tensor b = gaussian(type, Form.TRANSPOSED, 50, 60);
                a.setDouble(3 * 50 + 7, Double.NaN);
                a.setDouble(5 * 50 + 8, Double.POSITIVE_INFINITY);
                b.setDouble(9 * 60 + 11, Double.NaN);
                Tensor out = scope.allocate(type, Shape.of(40, 60));
                products.matmul(out, a, b, new Epilogue(null, activation, null, false));
                for (int i = 0; i < out.numel(); i++) {
                    double value = out.getDouble(i);
                    if (i / 60 == 3 || i % 60 == 11) {
                        assertThat(value).isNaN();
                    } else if (i / 60 != 5) {
                        assertThat(value).isFinite();
                    } else if (activation == Activation.NONE) {
                        assertThat(value).isEqualTo(b.getDouble(8 * 60 + i % 60) * Double.POSITIVE_INFINITY);
                    } else {
                        assertThat(Double.isFinite(value) && value != 0).isFalse();
                    }
                }
            }
        }
    }

    @Test
    void theExactGeluIsAccurateToASmallPartOfItsArgument() {
        int n = 4001;
        Tensor b = scope.allocate(DType.F32, Shape.of(1, n));
        for (int i = 0; i < n; i++) {
            b.setDouble(i, (i - 2000) / 200.0);
        }
        Tensor one = scope.allocate(DType.F32, Shape.of(1, 1)).set(1f);
        Tensor out = scope.allocate(DType.F32, Shape.of(1, n));
        products.matmul(out, one, b, new Epilogue(null, Activation.GELU, null, false));
        double worst = 0;
        for (int i = 0; i < n; i++) {
            double x = b.getDouble(i);
            worst = Math.max(worst, Math.abs(out.getDouble(i) - GeluKernel.reference(x)) / Math.max(1, Math.abs(x)));
        }
        assertThat(worst).isLessThan(4 * EPSILON);
    }

    @Test
    void theSameInputsGiveTheSameBits() {
        Tensor a = gaussian(DType.F32, Form.PLAIN, 300, 500);
        Tensor b = gaussian(DType.F32, Form.TRANSPOSED, 500, 400);
        Tensor bias = gaussian(400);
        Tensor first = scope.allocate(DType.F32, Shape.of(300, 400));
        products.matmul(first, a, b, Epilogue.bias(bias));
        try (Workers others = new Workers(3);
                CpuProducts fresh = new CpuProducts(pool, others, elementwise)) {
            for (int i = 0; i < 20; i++) {
                Tensor again = scope.allocate(DType.F32, Shape.of(300, 400));
                (i % 2 == 0 ? products : fresh).matmul(again, a, b, Epilogue.bias(bias));
                assertThat(again.toFloats()).isEqualTo(first.toFloats());
            }
        }
    }

    @Test
    void fewerPlansThanShapesGiveTheSameResults() {
        try (CpuProducts small = new CpuProducts(pool, workers, elementwise, OneDnnLibrary.load(), 2)) {
            for (int round = 0; round < 3; round++) {
                for (int n = 1; n < 6; n++) {
                    Tensor a = gaussian(4, 3);
                    Tensor b = gaussian(3, n);
                    Tensor out = scope.allocate(DType.F32, Shape.of(4, n));
                    Tensor expected = scope.allocate(DType.F64, Shape.of(4, n));
                    small.matmul(out, a, b);
                    new ReferenceProducts().matmul(expected, a, b);
                    for (long i = 0; i < out.numel(); i++) {
                        assertThat(out.getDouble(i)).isCloseTo(expected.getDouble(i), within(1e-5));
                    }
                    assertThat(small.cachedPlans()).isLessThanOrEqualTo(2);
                }
            }
        }
    }

    private static org.assertj.core.data.Offset<Double> within(double value) {
        return org.assertj.core.data.Offset.offset(value);
    }

    @Test
    void productsInsideLoopsAndFromSeveralThreadsAreRight() throws InterruptedException {
        Tensor a = gaussian(90, 100);
        Tensor b = gaussian(100, 110);
        Tensor expected = scope.allocate(DType.F32, Shape.of(90, 110));
        products.matmul(expected, a, b);
        List<Tensor> results = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            results.add(scope.allocate(DType.F32, Shape.of(90, 110)));
        }
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            int first = i * 6;
            threads.add(new Thread(() -> workers.parallelFor(6, 1, (worker, from, to) -> {
                for (long j = from; j < to; j++) {
                    products.matmul(results.get(first + (int) j), a, b);
                }
            })));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        for (Tensor result : results) {
            assertThat(result.toFloats()).isEqualTo(expected.toFloats());
        }
    }

    @Test
    void aWarmProductAllocatesNothing() {
        Tensor a = gaussian(90, 100);
        Tensor gaps = gaussian(DType.F32, Form.GAPS, 100, 110);
        Tensor out = scope.allocate(DType.F32, Shape.of(90, 110));
        products.matmul(out, a, gaps);
        long before = pool.systemAllocations();
        for (int i = 0; i < 10; i++) {
            products.matmul(out, a, gaps);
        }
        assertThat(pool.systemAllocations()).isEqualTo(before);
        assertThat(products.cachedPlans()).isEqualTo(1);
    }

    @Test
    void shapesAndTypesThatDoNotFitAreRefused() {
        Tensor out = gaussian(8, 5);
        Tensor a = gaussian(8, 768);
        refused(
                "matmul: inner dimensions differ: (8, 768) x (5, 768): 768 != 5. Did you mean the transposed weight?",
                out,
                a,
                gaussian(5, 768),
                Epilogue.NONE);
        refused("does not give", out, gaussian(7, 3), gaussian(3, 5), Epilogue.NONE);
        refused("all must be 2 or all 3", out, gaussian(2, 8, 3), gaussian(3, 5), Epilogue.NONE);
        refused("does not give", gaussian(4, 8, 5), gaussian(2, 8, 3), gaussian(4, 3, 5), Epilogue.NONE);
        Tensor b = gaussian(768, 5);
        refused("bias (8)", out, a, b, Epilogue.bias(gaussian(8)));
        refused("residual (5, 8)", out, a, b, new Epilogue(null, Activation.NONE, gaussian(5, 8), false));
        refused("F32 x BF16 to F32", out, a, gaussian(DType.BF16, Form.PLAIN, 768, 5), Epilogue.NONE);
        refused("F32 x F32 to BF16", gaussian(DType.BF16, Form.PLAIN, 8, 5), a, b, Epilogue.NONE);
        refused(
                "F64 x F64 to F64",
                gaussian(DType.F64, Form.PLAIN, 8, 5),
                gaussian(DType.F64, Form.PLAIN, 8, 3),
                gaussian(DType.F64, Form.PLAIN, 3, 5),
                Epilogue.NONE);
        refused("share memory", gaussian(1, 5).expand(Shape.of(8, 5)), a, b, Epilogue.NONE);
        Tensor square = gaussian(8, 8);
        refused("one of the operands", square, square, gaussian(8, 8), Epilogue.NONE);
    }

    private void refused(String message, Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        assertThatThrownBy(() -> products.matmul(out, a, b, epilogue))
                .isInstanceOf(ShapeException.class)
                .hasMessageStartingWith("matmul: ")
                .hasMessageContaining(message);
    }
}

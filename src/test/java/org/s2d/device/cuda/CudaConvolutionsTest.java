package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.s2d.device.Conv2dShape;
import org.s2d.device.Convolutions.Conv2dEpilogue;
import org.s2d.device.Convolutions.Conv2dOptions;
import org.s2d.device.Convolutions.Interpolation;
import org.s2d.device.Device;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** What no layer of the catalogue has: sizes around the tile, what may follow a convolution, images that shrink a lot. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CudaConvolutionsTest {
    /** At most 600 products of values up to 2, summed in F32. */
    private static final double TOLERANCE = 1e-3;

    private final ReferenceDevice reference = new ReferenceDevice(new HostPool(HostPool.Fill.POISON));
    private CudaDevice emulator;

    @BeforeAll
    void openDevice() {
        Emulators.assumeCompiler();
        emulator = open();
    }

    CudaDevice open() {
        return Emulators.device(EmulatorDriver.Execution.IMMEDIATE);
    }

    @AfterAll
    void closeDevices() {
        reference.close();
        if (emulator != null) {
            emulator.close();
        }
    }

    /** Tensors of one device. The same calls give the same values on each: quarters from -2 to 2, exact in every type. */
    private static final class Values {
        private final Device device;
        private final Scope scope;
        private final Random random = new Random(7);

        Values(Device device, Scope scope) {
            this.device = device;
            this.scope = scope;
        }

        Tensor draw(Shape shape) {
            Tensor tensor = scope.allocate(device.floatType(), shape);
            try (HostPool pool = new HostPool();
                    Scope hostScope = new Scope(pool)) {
                Tensor host = hostScope.allocate(DType.F32, shape);
                for (int i = 0; i < host.numel(); i++) {
                    host.setDouble(i, (random.nextInt(17) - 8) / 4.0);
                }
                device.upload(tensor, host);
            }
            return tensor;
        }
    }

    private static double[] result(Device device, Shape shape, BiConsumer<Values, Tensor> computation) {
        try (Scope scope = new Scope(device.allocator());
                HostPool pool = new HostPool();
                Scope hostScope = new Scope(pool)) {
            Tensor out = scope.allocate(device.floatType(), shape);
            computation.accept(new Values(device, scope), out);
            Tensor host = hostScope.allocate(DType.F32, shape);
            device.download(host, out);
            return host.toDoubles();
        }
    }

    private void compare(Shape shape, BiConsumer<Values, Tensor> computation) {
        double[] expected = result(reference, shape, computation);
        assertThat(result(emulator, shape, computation)).containsExactly(expected, within(TOLERANCE));
    }

    private record Case(Shape in, Shape weight, Conv2dOptions options) {
        Conv2dShape shape() {
            return Conv2dShape.of(in, weight, options);
        }
    }

    private static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (int stride = 1; stride <= 3; stride++) {
            cases.add(new Case(Shape.of(2, 3, 7, 33), Shape.of(3, 1, 3, 3), Conv2dOptions.of(stride, 1, 3)));
            cases.add(new Case(Shape.of(2, 3, 9, 14), Shape.of(6, 3, 3, 3), Conv2dOptions.of(stride, 1, 1)));
        }
        cases.add(new Case(Shape.of(2, 66, 8, 8), Shape.of(65, 66, 3, 3), Conv2dOptions.of(1, 1, 1)));
        cases.add(new Case(Shape.of(65, 31, 1, 1), Shape.of(5, 31, 1, 1), Conv2dOptions.of(1, 0, 1)));
        cases.add(new Case(Shape.of(3, 4, 20, 21), Shape.of(10, 2, 1, 1), Conv2dOptions.of(1, 0, 2)));
        cases.add(new Case(Shape.of(1, 2, 20, 20), Shape.of(2, 1, 4, 6), new Conv2dOptions(2, 2, 3, 5, 2)));
        cases.add(new Case(Shape.of(3, 2, 40, 41), Shape.of(4, 2, 2, 1), new Conv2dOptions(1, 2, 0, 1, 1)));
        return cases;
    }

    @TestFactory
    List<DynamicTest> convolutionsOfAllSizesAreAsInTheReference() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Case sizes : cases()) {
            tests.add(DynamicTest.dynamicTest(sizes + ", plain", () -> compareForward(sizes, false)));
            tests.add(DynamicTest.dynamicTest(sizes + ", everything", () -> compareForward(sizes, true)));
            tests.add(DynamicTest.dynamicTest(sizes + ", gradients", () -> compareGradients(sizes)));
        }
        return tests;
    }

    private void compareForward(Case sizes, boolean everything) {
        Conv2dShape shape = sizes.shape();
        Shape channels = Shape.of(shape.outChannels());
        compare(shape.outShape(), (values, out) -> {
            Tensor in = values.draw(sizes.in);
            Tensor weight = values.draw(sizes.weight);
            Tensor bias = values.draw(channels);
            Conv2dEpilogue ends = new Conv2dEpilogue(values.draw(channels), 1.5, values.draw(shape.outShape()));
            values.device
                    .convolutions()
                    .conv2d(
                            out,
                            in,
                            weight,
                            everything ? bias : null,
                            sizes.options,
                            everything ? ends : Conv2dEpilogue.NONE);
        });
    }

    @Test
    void sumsOfALibraryAreFinished() {
        Case sizes = new Case(Shape.of(2, 3, 9, 14), Shape.of(6, 3, 3, 3), Conv2dOptions.of(1, 1, 1));
        Conv2dShape shape = sizes.shape();
        Shape channels = Shape.of(shape.outChannels());
        compare(shape.outShape(), (values, out) -> {
            Tensor in = values.draw(sizes.in);
            Tensor weight = values.draw(sizes.weight);
            Tensor bias = values.draw(channels);
            Conv2dEpilogue ends = new Conv2dEpilogue(values.draw(channels), 1.5, values.draw(shape.outShape()));
            if (values.device instanceof CudaDevice cuda) {
                cuda.convolutions().conv2d(out, in, weight, null, sizes.options);
                new CudaConv2d(cuda.context(), DenseConv2d.NONE).finish(out, bias, shape, ends);
            } else {
                values.device.convolutions().conv2d(out, in, weight, bias, sizes.options, ends);
            }
        });
    }

    private void compareGradients(Case sizes) {
        Shape out = sizes.shape().outShape();
        compare(
                sizes.in,
                (values, gradIn) -> values.device
                        .convolutions()
                        .conv2dBackwardInput(gradIn, values.draw(out), values.draw(sizes.weight), sizes.options));
        compare(
                sizes.weight,
                (values, gradWeight) -> values.device
                        .convolutions()
                        .conv2dBackwardWeight(
                                gradWeight, null, values.draw(out), values.draw(sizes.in), sizes.options));
    }

    @TestFactory
    List<DynamicTest> imagesResizedToAllSizesAreAsInTheReference() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Interpolation mode : Interpolation.values()) {
            for (boolean aligned : new boolean[] {true, false}) {
                for (int[] size : new int[][] {{17, 5, 3, 29}, {1, 9, 4, 1}, {8, 8, 8, 8}, {2, 40, 31, 3}}) {
                    Shape small = Shape.of(2, 3, size[0], size[1]);
                    Shape large = Shape.of(2, 3, size[2], size[3]);
                    String name = mode + ", " + small + " to " + large + (aligned ? ", corners aligned" : "");
                    tests.add(DynamicTest.dynamicTest(name, () -> compareResize(small, large, mode, aligned)));
                }
            }
        }
        return tests;
    }

    private void compareResize(Shape from, Shape to, Interpolation mode, boolean aligned) {
        compare(to, (values, out) -> values.device.convolutions().resize(out, values.draw(from), mode, aligned));
        compare(
                from,
                (values, gradIn) ->
                        values.device.convolutions().resizeBackward(gradIn, values.draw(to), mode, aligned));
    }

    @Test
    void batchNormWithConstantStatisticsIsAsInTheReference() {
        Shape shape = Shape.of(3, 4, 5);
        Shape channels = Shape.of(4);
        compare(shape, (values, gradIn) -> {
            Tensor variance = values.draw(channels);
            values.device.elementwise().fill(variance, 0.7);
            values.device
                    .convolutions()
                    .batchNormBackward(
                            gradIn,
                            values.draw(channels),
                            values.draw(channels),
                            values.draw(shape),
                            values.draw(shape),
                            values.draw(channels),
                            variance,
                            values.draw(channels),
                            1e-5,
                            false);
        });
    }
}

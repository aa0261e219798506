package org.s2d.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.s2d.device.Conv2dShape;
import org.s2d.device.Convolutions.Conv2dEpilogue;
import org.s2d.device.Convolutions.Conv2dOptions;
import org.s2d.device.Device;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Convolutions with everything that may follow them, in sizes around the vector and panel lengths. */
class Conv2dKernelTest {
    private record Case(Shape in, Shape weight, Conv2dOptions options) {}

    private static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (int width : new int[] {1, 7, 14, 15, 16, 17, 28, 33, 48, 56, 65}) {
            for (int stride = 1; stride <= 3; stride++) {
                cases.add(new Case(Shape.of(2, 3, 5, width), Shape.of(3, 1, 3, 3), Conv2dOptions.of(stride, 1, 3)));
                cases.add(new Case(Shape.of(1, 3, 4, width), Shape.of(6, 3, 3, 3), Conv2dOptions.of(stride, 1, 1)));
            }
            cases.add(new Case(Shape.of(2, 9, 2, width), Shape.of(5, 9, 1, 1), Conv2dOptions.of(1, 0, 1)));
            cases.add(new Case(Shape.of(1, 4, 3, width), Shape.of(10, 2, 1, 1), Conv2dOptions.of(1, 0, 2)));
        }
        cases.add(new Case(Shape.of(2, 5, 7, 7), Shape.of(5, 1, 7, 7), Conv2dOptions.of(1, 0, 5)));
        cases.add(new Case(Shape.of(1, 2, 20, 20), Shape.of(2, 1, 4, 6), new Conv2dOptions(2, 2, 3, 5, 2)));
        return cases;
    }

    private static Tensor random(Scope scope, Device device, Random random, Shape shape) {
        Tensor tensor = scope.allocate(device.floatType(), shape);
        for (int i = 0; i < tensor.numel(); i++) {
            tensor.setDouble(i, (float) random.nextGaussian());
        }
        return tensor;
    }

    private static double[] run(Device device, Case sizes, boolean everything) {
        Random random = new Random(4);
        try (Scope scope = new Scope(device.allocator())) {
            Conv2dShape shape = Conv2dShape.of(sizes.in, sizes.weight, sizes.options);
            Shape channels = Shape.of(shape.outChannels());
            Tensor in = random(scope, device, random, sizes.in);
            Tensor weight = random(scope, device, random, sizes.weight);
            Tensor bias = random(scope, device, random, channels);
            Tensor slope = random(scope, device, random, channels);
            Tensor residual = random(scope, device, random, shape.outShape());
            Tensor out = scope.allocate(device.floatType(), shape.outShape());
            Conv2dEpilogue epilogue = everything ? new Conv2dEpilogue(slope, 1.5, residual) : Conv2dEpilogue.NONE;
            device.convolutions().conv2d(out, in, weight, everything ? bias : null, sizes.options, epilogue);
            return out.toDoubles();
        }
    }

    @TestFactory
    List<DynamicTest> allSizesAreAsInTheReference() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Case sizes : cases()) {
            tests.add(DynamicTest.dynamicTest(sizes.toString(), () -> {
                try (Device cpu = new CpuDevice(new HostPool(HostPool.Fill.POISON), 2);
                        Device reference = new ReferenceDevice(new HostPool(HostPool.Fill.POISON))) {
                    for (boolean everything : new boolean[] {false, true}) {
                        double[] expected = run(reference, sizes, everything);
                        double[] actual = run(cpu, sizes, everything);
                        // At most 49 products of standard normal values.
                        assertThat(actual).containsExactly(expected, within(1e-5));
                    }
                }
            }));
        }
        return tests;
    }

    @Test
    void theCutAmongThreadsDoesNotShowInTheResult() {
        Case dense = new Case(Shape.of(3, 20, 17, 19), Shape.of(13, 20, 3, 3), Conv2dOptions.of(1, 1, 1));
        try (Device one = new CpuDevice(new HostPool(), 1);
                Device three = new CpuDevice(new HostPool(), 3)) {
            assertThat(run(three, dense, true)).isEqualTo(run(one, dense, true));
        }
    }
}

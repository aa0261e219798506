package org.s2d.check.conformance;

import java.util.ArrayList;
import java.util.List;
import org.s2d.device.Device;

/** Derivatives of {@code sum(outputs * upstream)} by differences of fourth order. */
final class Differences {
    private static final double STEP = 1e-3;

    private Differences() {}

    /** With respect to one element of one operand. */
    static double at(Device reference, Run.Setup setup, List<double[]> values, int operand, int element) {
        double near = value(reference, setup, values, operand, element, STEP)
                - value(reference, setup, values, operand, element, -STEP);
        double far = value(reference, setup, values, operand, element, 2 * STEP)
                - value(reference, setup, values, operand, element, -2 * STEP);
        return (8 * near - far) / (12 * STEP);
    }

    private static double value(
            Device reference, Run.Setup setup, List<double[]> values, int operand, int element, double shift) {
        List<double[]> moved = new ArrayList<>(values);
        double[] changed = values.get(operand).clone();
        changed[element] += shift;
        moved.set(operand, changed);
        Run run = Run.of(reference, setup.withGradOf(i -> false), moved);
        double sum = 0;
        for (int i = 0; i < run.outputs().size(); i++) {
            double[] output = run.outputs().get(i);
            double[] upstream = setup.upstream().gradient(i, output.length);
            for (int j = 0; j < output.length; j++) {
                sum += output[j] * upstream[j];
            }
        }
        return sum;
    }
}

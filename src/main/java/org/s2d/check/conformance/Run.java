package org.s2d.check.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/**
 * One execution of an operation, forward and backward, every tensor guarded. Results are row-major; gradients that were not
 * asked for are empty.
 */
record Run(List<double[]> outputs, List<double[]> gradients, int recorded) {
    private static final long SEED = 11;

    /** What to run and how. {@code upstream} makes the gradient of each output from its size. */
    record Setup(
            OpEntry entry,
            List<Input> inputs,
            Precision precision,
            Layout layout,
            IntPredicate wantsGrad,
            Upstream upstream) {
        static Setup of(OpEntry entry, OpEntry.Sample sample, Upstream upstream) {
            return new Setup(
                    entry,
                    sample.inputs(),
                    Precision.FP32,
                    Layout.CONTIGUOUS,
                    i -> sample.inputs().get(i).grad(),
                    upstream);
        }

        Setup with(Precision other) {
            return new Setup(entry, inputs, other, layout, wantsGrad, upstream);
        }

        Setup with(Layout other) {
            return new Setup(entry, inputs, precision, other, wantsGrad, upstream);
        }

        Setup withGradOf(IntPredicate wants) {
            return new Setup(entry, inputs, precision, layout, i -> wants.test(i) && wantsGrad.test(i), upstream);
        }

        Setup with(Upstream other) {
            return new Setup(entry, inputs, precision, layout, wantsGrad, other);
        }
    }

    @FunctionalInterface
    interface Upstream {
        double[] gradient(int output, int size);
    }

    static Run of(Device plain, Setup setup, List<double[]> values) {
        try (GuardedDevice device = GuardedDevice.of(plain);
                Scope scope = new Scope(device.allocator());
                Tape tape = Tape.training(device, setup.precision(), Tape.Gradients.RECORD, SEED)) {
            List<Var> vars = new ArrayList<>();
            for (int i = 0; i < values.size(); i++) {
                Tensor tensor = operand(device, scope, setup, i, values.get(i));
                vars.add(setup.wantsGrad().test(i) ? tape.input(tensor, true) : tape.constant(tensor));
            }
            List<Var> outputs = setup.entry().operation().apply(tape, vars);
            List<double[]> results = new ArrayList<>();
            List<Var> differentiable = new ArrayList<>();
            List<Tensor> upstream = new ArrayList<>();
            for (int i = 0; i < outputs.size(); i++) {
                Var output = outputs.get(i);
                results.add(read(device, output.value()));
                if (output.requiresGrad()) {
                    double[] gradient = setup.upstream().gradient(i, results.get(i).length);
                    DType type = device.floatType();
                    Tensor tensor = setup.layout().allocate(scope, type, output.shape());
                    differentiable.add(output);
                    upstream.add(write(device, tensor, gradient));
                }
            }
            int recorded = tape.size();
            tape.backward(differentiable, upstream);
            return new Run(results, gradients(device, vars), recorded);
        }
    }

    private static List<double[]> gradients(Device device, List<Var> vars) {
        List<double[]> gradients = new ArrayList<>();
        for (Var variable : vars) {
            Tensor grad = variable.grad();
            gradients.add(grad == null ? new double[0] : read(device, grad));
        }
        return gradients;
    }

    private static Tensor operand(Device device, Scope scope, Setup setup, int index, double[] values) {
        Input input = setup.inputs().get(index);
        boolean parameter = input.kind() == Input.Kind.PARAMETER;
        DType type = parameter ? device.floatType() : setup.precision().computeType(device);
        Layout layout = parameter ? Layout.CONTIGUOUS : setup.layout();
        return write(device, layout.allocate(scope, type, input.shape()), values);
    }

    private static Tensor write(Device device, Tensor tensor, double[] values) {
        if (tensor.storage().isHost()) {
            fill(tensor, values);
        } else {
            onHost(tensor, host -> device.upload(tensor, fill(host, values)));
        }
        return tensor;
    }

    private static Tensor fill(Tensor host, double[] values) {
        for (int i = 0; i < values.length; i++) {
            host.setDouble(i, values[i]);
        }
        return host;
    }

    private static double[] read(Device device, Tensor tensor) {
        if (tensor.storage().isHost()) {
            return tensor.toDoubles();
        }
        List<double[]> values = new ArrayList<>();
        onHost(tensor, host -> {
            device.download(host, tensor);
            values.add(host.toDoubles());
        });
        return values.getFirst();
    }

    /** Lends a host tensor of the same shape. */
    private static void onHost(Tensor like, Consumer<Tensor> use) {
        try (HostPool pool = new HostPool(HostPool.Fill.POISON);
                Scope scope = new Scope(pool)) {
            use.accept(scope.allocate(DType.F64, like.shape()));
        }
    }

    /** The same with only some gradients; the others are empty. */
    Run withGradientsOf(IntPredicate kept) {
        List<double[]> some = new ArrayList<>();
        for (int i = 0; i < gradients.size(); i++) {
            some.add(kept.test(i) ? gradients.get(i) : new double[0]);
        }
        return new Run(outputs, some, recorded);
    }

    /** Outputs and gradients in one list. */
    List<double[]> everything() {
        List<double[]> all = new ArrayList<>(outputs);
        all.addAll(gradients);
        return all;
    }
}

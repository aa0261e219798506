package org.s2d.check.kernels;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** The operands of a case on a device. What is to be written holds NaN, so that an element left out shows. */
record Operands(KernelCase kernel, Device device, Tensors tensors, Runnable call) {
    /** In full, prepared. */
    static Operands full(KernelCase kernel, Device device, Scope scope) {
        return create(
                kernel,
                device,
                scope,
                Operand::shape,
                (tensor, operand) -> upload(device, tensor, drawn(kernel, operand, 0, tensor.numel())));
    }

    /**
     * On the reference device, with the rows that {@link KernelCase#checkedRows} leaves.
     *
     * @param perturbation relative size of random changes of what is read; 0 for none
     */
    static Operands checked(KernelCase kernel, Device reference, Scope scope, double perturbation) {
        Random random = new Random(9);
        return create(kernel, reference, scope, Operands::slice, (tensor, operand) -> {
            float[] values = drawn(kernel, operand, 0, tensor.numel());
            if (!tensor.shape().equals(operand.shape())) {
                int half = values.length / 2;
                float[] last = drawn(kernel, operand, operand.shape().numel() - half, half);
                System.arraycopy(last, 0, values, half, half);
            }
            for (int i = 0; i < values.length; i++) {
                double change = perturbation * (2 * random.nextDouble() - 1);
                tensor.setDouble(i, tensor.dtype().isFloating() ? values[i] * (1 + change) : values[i]);
            }
        });
    }

    private static void upload(Device device, Tensor out, float[] values) {
        if (out.dtype().isFloating()) {
            device.upload(out, values);
            return;
        }
        try (HostPool pool = new HostPool();
                Scope host = new Scope(pool)) {
            device.upload(out, host.allocate(out.dtype(), out.shape()).set(values));
        }
    }

    private static float[] drawn(KernelCase kernel, Operand operand, long start, long count) {
        return operand.draw(start, Math.toIntExact(count), kernel.typeOf(operand));
    }

    private static Operands create(
            KernelCase kernel,
            Device device,
            Scope scope,
            Function<Operand, Shape> shape,
            BiConsumer<Tensor, Operand> fill) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Operand operand : kernel.operands()) {
            DType type = kernel.typeOf(operand);
            if (type.isFloating() && device.floatType() == DType.F64) {
                type = DType.F64;
            }
            Tensor tensor = scope.allocate(type, shape.apply(operand));
            tensors.put(operand.name(), tensor);
            if (operand.role() == Operand.Role.READ || operand.role() == Operand.Role.UPDATED) {
                fill.accept(tensor, operand);
            }
        }
        kernel.prepare().run(device, new Tensors(tensors));
        Operands operands = bound(kernel, device, scope, new Tensors(tensors));
        operands.poison();
        return operands;
    }

    private static Operands bound(KernelCase kernel, Device device, Scope scope, Tensors tensors) {
        return new Operands(kernel, device, tensors, kernel.binding().bind(device, scope, tensors));
    }

    private static Shape slice(Operand operand) {
        Shape shape = operand.shape();
        int rows = 2 * operand.rows();
        return rows == 0 || rows >= shape.dim(0) ? shape : shape.with(0, rows);
    }

    private void poison() {
        for (Operand operand : kernel.operands()) {
            if (operand.role() == Operand.Role.WRITTEN) {
                device.elementwise().fill(tensors.get(operand.name()), Double.NaN);
            }
        }
    }

    void run() {
        call.run();
    }

    /** A second set with the same content. */
    Operands copy(Scope scope) {
        Map<String, Tensor> copies = new LinkedHashMap<>();
        tensors.byName().forEach((name, tensor) -> {
            Tensor copy = scope.allocate(tensor.dtype(), tensor.shape());
            device.elementwise().copy(copy, tensor);
            copies.put(name, copy);
        });
        return bound(kernel, device, scope, new Tensors(copies));
    }

    /** Results of the rows that are checked, in the order of the operands. */
    List<double[]> results() {
        List<double[]> results = new ArrayList<>();
        try (HostPool pool = new HostPool();
                Scope host = new Scope(pool)) {
            for (Operand operand : kernel.operands()) {
                if (operand.isResult()) {
                    results.add(read(host, operand));
                }
            }
        }
        return results;
    }

    private double[] read(Scope host, Operand operand) {
        Tensor tensor = tensors.get(operand.name());
        Tensor read = host.allocate(DType.F64, slice(operand));
        if (tensor.shape().equals(read.shape())) {
            device.download(read, tensor);
        } else {
            int rows = operand.rows();
            device.download(read.narrow(0, 0, rows), tensor.narrow(0, 0, rows));
            device.download(read.narrow(0, rows, rows), tensor.narrow(0, tensor.dim(0) - rows, rows));
        }
        return read.toDoubles();
    }

    /** Names of the results. */
    List<String> resultNames() {
        return kernel.operands().stream()
                .filter(Operand::isResult)
                .map(Operand::name)
                .toList();
    }
}

package org.s2d.check.kernels;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.s2d.check.Item;
import org.s2d.check.Size;
import org.s2d.check.conformance.Tolerance;
import org.s2d.device.Device;
import org.s2d.device.cuda.CudaDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;

/**
 * Kernels as items: checked against the reference at full size, then timed. A record holds milliseconds, the rate reached, and which part of
 * the time the device's ceilings allow: the larger of bytes over the rate of a copy and operations over the rate of a large product, both
 * measured in the same process.
 */
public final class KernelItems {
    private final Device device;
    private final Device reference;
    private final KernelTimer timer;
    private final Map<String, KernelCase> ceilingCases = new LinkedHashMap<>();
    private final Map<DType, Double> productRates = new EnumMap<>(DType.class);
    private double copyRate;

    /** @param reference computes in double */
    public KernelItems(Device device, Device reference, Size size) {
        this.device = device;
        this.reference = reference;
        timer = new KernelTimer(device, size);
    }

    /** All kernels, the ceilings first. */
    public List<Item> items(Size size) {
        List<Item> items = new ArrayList<>();
        for (KernelCase kernel : KernelCases.all(size)) {
            if (kernel.type() == DType.F16 && !(device instanceof CudaDevice)) {
                continue;
            }
            if (isCeiling(kernel)) {
                ceilingCases.put(kernel.title(), kernel);
            }
            items.add(item(kernel));
        }
        return items;
    }

    Item item(KernelCase kernel) {
        return new Item(kernel.title(), record -> measure(kernel, record));
    }

    static boolean isCeiling(KernelCase kernel) {
        return kernel.name().equals(ProductCases.COPY) || kernel.name().equals(ProductCases.PRODUCT);
    }

    private void measure(KernelCase kernel, ObjectNode record) {
        if (!isCeiling(kernel)) {
            measureCeilings();
        }
        record.put("bytes", kernel.bytes()).put("operations", kernel.flops());
        try (Scope scope = new Scope(device.allocator())) {
            Operands first = Operands.full(kernel, device, scope);
            check(kernel, first, reference, record);
            List<Operands> sets = new ArrayList<>(List.of(first));
            while (sets.size() < timer.sets(kernel.bytes())) {
                sets.add(first.copy(scope));
            }
            KernelTimer.Times times = timer.times(sets);
            record.put("milliseconds", times.best()).put("stream_milliseconds", times.stream());
            times.graph().ifPresent(graph -> record.put("graph_milliseconds", graph));
            rate(kernel, times.best(), record);
        }
    }

    /** Ceilings of this process; those that an earlier process wrote down were measured on another day. */
    private void measureCeilings() {
        for (KernelCase kernel : ceilingCases.values()) {
            boolean known =
                    kernel.name().equals(ProductCases.COPY) ? copyRate > 0 : productRates.containsKey(kernel.type());
            if (!known) {
                try (Scope scope = new Scope(device.allocator())) {
                    Operands operands = Operands.full(kernel, device, scope);
                    remember(kernel, timer.times(List.of(operands)).best());
                }
            }
        }
    }

    private void remember(KernelCase kernel, double milliseconds) {
        if (kernel.name().equals(ProductCases.COPY)) {
            copyRate = kernel.bytes() / milliseconds;
        } else {
            productRates.put(kernel.type(), kernel.flops() / milliseconds);
        }
    }

    private void rate(KernelCase kernel, double milliseconds, ObjectNode record) {
        record.put("gb_per_second", kernel.bytes() / milliseconds / 1e6);
        if (kernel.flops() > 0) {
            record.put("tflops", kernel.flops() / milliseconds / 1e9);
        }
        if (isCeiling(kernel)) {
            remember(kernel, milliseconds);
            return;
        }
        double memory = kernel.bytes() / copyRate;
        double arithmetic = kernel.flops() / productRates.getOrDefault(kernel.type(), Double.POSITIVE_INFINITY);
        record.put("limit", memory >= arithmetic ? "memory" : "arithmetic")
                .put("limit_milliseconds", Math.max(memory, arithmetic))
                .put("of_limit", Math.max(memory, arithmetic) / milliseconds)
                .put("of_copy", memory / milliseconds);
    }

    /** Throws unless what the device wrote is close enough to the reference's; fills outputs once. */
    static void check(KernelCase kernel, Operands operands, Device reference, ObjectNode record) {
        List<double[]> exact = onReference(kernel, reference, 0);
        List<double[]> moved = onReference(kernel, reference, Tolerance.unitRoundoff(kernel.type()));
        List<Double> limits = Tolerance.limits(exact, List.of(moved), kernel.type());
        operands.run();
        List<double[]> results = operands.results();
        ObjectNode errors = record.putObject("errors");
        String wrong = "";
        for (int i = 0; i < exact.size(); i++) {
            double error = Tolerance.distance(results.get(i), exact.get(i));
            String name = operands.resultNames().get(i);
            errors.put(name, error / limits.get(i));
            // Written so that NaN fails.
            if (!(error <= limits.get(i))) {
                wrong += String.format(Locale.ROOT, " %s: error %.3g, limit %.3g.", name, error, limits.get(i));
            }
        }
        if (!wrong.isEmpty()) {
            throw new AssertionError("not timed, its results are wrong:" + wrong);
        }
    }

    private static List<double[]> onReference(KernelCase kernel, Device reference, double perturbation) {
        try (Scope scope = new Scope(reference.allocator())) {
            Operands operands = Operands.checked(kernel, reference, scope, perturbation);
            operands.run();
            return operands.results();
        }
    }
}

package org.s2d.check.kernels;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.List;
import java.util.stream.Stream;
import org.s2d.check.Size;
import org.s2d.device.Device;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;

/** A kernel of {@link KernelItems} at the size it has for one clip, for others to time. */
public final class CheckedKernel implements AutoCloseable {
    private final Scope scope;
    private final KernelCase kernel;
    private final Operands operands;

    /** Throws {@link AssertionError} when what the device computes is not what the reference does. */
    public CheckedKernel(String name, Device device) {
        kernel = cases().filter(one -> name(one).equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no kernel '" + name + "'"));
        scope = new Scope(device.allocator());
        operands = Operands.full(kernel, device, scope);
        try (Device reference = new ReferenceDevice(new HostPool())) {
            KernelItems.check(kernel, operands, reference, JsonNodeFactory.instance.objectNode());
        }
    }

    private static Stream<KernelCase> cases() {
        return KernelCases.all(Sizes.of(Size.BASE).withClips(1)).stream()
                .filter(kernel -> !KernelItems.isCeiling(kernel) && kernel.type() != DType.F16);
    }

    /** Names as the constructor takes them: what the kernel does and its type, without commas, which separate names on command lines. */
    public static List<String> names() {
        return cases().map(CheckedKernel::name).toList();
    }

    private static String name(KernelCase kernel) {
        return kernel.title().replace(",", "");
    }

    public void run() {
        operands.run();
    }

    /** Whether the activations are in bf16. */
    public boolean isBf16() {
        return kernel.type() == DType.BF16;
    }

    /** Operations of a call that count against the rate of products; 0 for a kernel that only moves data. */
    public double flops() {
        return kernel.flops();
    }

    /** Bytes that a call reads and writes when nothing is moved twice. */
    public double bytes() {
        return kernel.bytes();
    }

    @Override
    public void close() {
        scope.close();
    }
}

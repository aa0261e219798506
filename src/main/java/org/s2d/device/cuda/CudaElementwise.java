package org.s2d.device.cuda;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.s2d.device.Checks;
import org.s2d.device.Elementwise;
import org.s2d.device.Seed;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/elementwise.cu}; F32, BF16 and F16 in any mix, arithmetic in F32. */
final class CudaElementwise implements Elementwise {
    private static final String FILE = "elementwise";
    private static final int THREADS = 256;
    /** Enough to fill any GPU several times over; threads take turns beyond. */
    private static final int MAX_BLOCKS = 4096;

    private static final LaunchContract PLAIN = LaunchContract.threads(THREADS);

    private final CudaContext context;
    private final CudaSums sums;
    private final Map<Binary, Kernel> binary = new EnumMap<>(Binary.class);
    private final Map<Unary, Kernel> unary = new EnumMap<>(Unary.class);
    private final Map<Unary, Kernel> unaryBackward = new EnumMap<>(Unary.class);
    private final Kernel addScaled;
    private final Kernel scale;
    private final Kernel copy;
    private final Kernel fill;
    private final Kernel dropout;
    private final Kernel keepScales;
    private final Kernel normal;
    private final Tensor noSeed;

    /** {@code noSeed}: a 0 on the device, the base of seeds that have none. */
    CudaElementwise(CudaContext context, Tensor noSeed) {
        this.context = context;
        this.noSeed = noSeed;
        sums = new CudaSums(context);
        for (Binary op : Binary.values()) {
            binary.put(op, kernel(lower(op) + "_forward_any"));
        }
        for (Unary op : Unary.values()) {
            unary.put(op, kernel(lower(op) + "_forward_any"));
            unaryBackward.put(op, kernel(lower(op) + "_backward_any"));
        }
        addScaled = kernel("add_scaled_forward_any");
        scale = kernel("scale_forward_any");
        copy = kernel("copy_forward_any");
        fill = kernel("fill_forward_any");
        dropout = kernel("dropout_forward_any");
        keepScales = kernel("keep_scales_forward_f32");
        normal = kernel("normal_forward_f32");
    }

    private Kernel kernel(String name) {
        return context.kernel(FILE, name, PLAIN);
    }

    private static String lower(Enum<?> op) {
        return op.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void fill(Tensor out, double value) {
        if (out.numel() == 0) {
            return;
        }
        if (out.isContiguous() && Double.doubleToRawLongBits(value) == 0) {
            context.driver()
                    .fill(out.address(), (byte) 0, out.numel() * out.dtype().bytes(), context.stream());
        } else {
            Checks.singlePrecision("fill", out);
            CudaLoop loop = CudaLoop.over(out);
            launch(fill, loop, loop.addTo(context.arguments()).elements(out).float32(value));
        }
    }

    @Override
    public void copy(Tensor out, Tensor in) {
        Tensor source = Checks.broadcast("copy", in, out);
        if (out.numel() == 0) {
            return;
        }
        if (out.dtype() == in.dtype() && out.isContiguous() && source.isContiguous()) {
            context.driver()
                    .copyOnDevice(
                            out.address(),
                            source.address(),
                            out.numel() * out.dtype().bytes(),
                            context.stream());
            return;
        }
        Checks.singlePrecision("copy", out, in);
        CudaLoop loop = CudaLoop.over(out, source);
        launch(
                copy,
                loop,
                loop.addTo(context.arguments()).elements(out).elements(source).float32(0));
    }

    @Override
    public void binary(Binary op, Tensor out, Tensor a, Tensor b) {
        combine(op.name(), Objects.requireNonNull(binary.get(op)), out, a, b, 0);
    }

    @Override
    public void addScaled(Tensor out, Tensor in, double factor) {
        combine("addScaled", addScaled, out, out, in, factor);
    }

    @Override
    public void scale(Tensor out, Tensor in, double factor) {
        map("scale", scale, out, in, factor);
    }

    @Override
    public void unary(Unary op, Tensor out, Tensor in) {
        map(op.name(), Objects.requireNonNull(unary.get(op)), out, in, 0);
    }

    @Override
    public void unaryBackward(Unary op, Tensor gradIn, Tensor in, Tensor gradOut) {
        String name = op.name() + " backward";
        Checks.sameShape(name, gradIn, in, gradOut);
        combine(name, Objects.requireNonNull(unaryBackward.get(op)), gradIn, in, gradOut, 0);
    }

    @Override
    public void sumTo(Tensor out, Tensor in) {
        Checks.singlePrecision("sumTo", out, in);
        Checks.requireBroadcast("sumTo", out.shape(), in.shape());
        Tensor kept = CudaSums.withRank(out, in.rank());
        if (kept.shape().equals(in.shape())) {
            copy(kept, in);
        } else if (in.numel() == 0) {
            fill(out, 0);
        } else {
            sums.sum(kept, in);
        }
    }

    @Override
    public void dropout(Tensor out, Tensor in, double probability, Seed seed) {
        Checks.singlePrecision("dropout", out, in);
        Checks.sameShape("dropout", out, in);
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException("dropout: probability " + probability + " is not in [0, 1]");
        }
        if (out.numel() == 0) {
            return;
        }
        CudaLoop loop = CudaLoop.over(out, in);
        launch(
                dropout,
                loop,
                loop.addTo(context.arguments())
                        .elements(out)
                        .elements(in)
                        .int32((int) Math.ceil(probability * 0x1p24)) // draws are whole multiples of 2^-24
                        .float32(1 / (1 - probability))
                        .int64(seed.offset())
                        .pointer(seed.base() == null ? noSeed : seed.base()));
    }

    @Override
    public void keepScales(Tensor out, double probability, Seed seed) {
        Checks.onlyF32("keepScales", out);
        Checks.contiguous("keepScales", out);
        if (out.numel() > 0) {
            int count = Math.toIntExact(out.numel());
            context.launch(
                    keepScales,
                    Launch.of(Math.ceilDiv(count, THREADS), THREADS),
                    context.arguments()
                            .elements(out)
                            .int32(count)
                            .float64(probability)
                            .float32(1 / (1 - probability))
                            .int64(seed.offset())
                            .pointer(seed.base() == null ? noSeed : seed.base()));
        }
    }

    @Override
    public void normal(Tensor out, Seed seed) {
        Checks.onlyF32("normal", out);
        Checks.contiguous("normal", out);
        if (out.numel() > 0) {
            context.launch(
                    normal,
                    Launch.of(CudaContext.blocks(out.numel(), THREADS, MAX_BLOCKS), THREADS),
                    context.arguments()
                            .elements(out)
                            .int64(out.numel())
                            .int64(seed.offset())
                            .pointer(seed.base() == null ? noSeed : seed.base()));
        }
    }

    private void map(String name, Kernel kernel, Tensor out, Tensor in, double parameter) {
        Checks.singlePrecision(name, out, in);
        Checks.sameShape(name, out, in);
        if (out.numel() > 0) {
            CudaLoop loop = CudaLoop.over(out, in);
            launch(
                    kernel,
                    loop,
                    loop.addTo(context.arguments()).elements(out).elements(in).float32(parameter));
        }
    }

    private void combine(String name, Kernel kernel, Tensor out, Tensor a, Tensor b, double parameter) {
        Checks.singlePrecision(name, out, a, b);
        Tensor left = Checks.broadcast(name, a, out);
        Tensor right = Checks.broadcast(name, b, out);
        if (out.numel() > 0) {
            CudaLoop loop = CudaLoop.over(out, left, right);
            launch(
                    kernel,
                    loop,
                    loop.addTo(context.arguments())
                            .elements(out)
                            .elements(left)
                            .elements(right)
                            .float32(parameter));
        }
    }

    private void launch(Kernel kernel, CudaLoop loop, Arguments arguments) {
        context.launch(kernel, Launch.of(CudaContext.blocks(loop.packs(), THREADS, MAX_BLOCKS), THREADS), arguments);
    }
}

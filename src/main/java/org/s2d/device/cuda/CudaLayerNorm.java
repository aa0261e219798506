package org.s2d.device.cuda;

import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Checks;
import org.s2d.device.ResidualSum;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * Launches {@code kernels/layer_norm.cu}: rows of packs of 8 up to {@value #MAX_WIDTH} elements go to kernels that hold a row in
 * registers, all others to kernels that read it again.
 */
final class CudaLayerNorm {
    private static final String FILE = "layer_norm";
    private static final int THREADS = 256;
    private static final int ROWS = THREADS / DeviceProperties.WARP;
    private static final int BACKWARD_THREADS = 128;
    private static final int BACKWARD_ROWS = BACKWARD_THREADS / DeviceProperties.WARP;
    /** Rows of this many elements are a step between the register kernels. */
    private static final int STEP = DeviceProperties.WARP * CudaLoop.PACK;

    private static final int MAX_WIDTH = 4 * STEP;
    private static final int MAX_BLOCKS = 4096;
    /** Shares of the parameters' gradients; a constant, so that every GPU adds in the same order. */
    private static final int MAX_PARTS = 384;
    /** A thread adds at least this many rows before they are worth splitting. */
    private static final int MIN_TURNS = 8;

    private final CudaContext context;
    private final List<Kernel> forward;
    private final Kernel forwardRows;
    private final List<Kernel> forwardOfSum;
    private final Kernel forwardRowsOfSum;
    private final List<Kernel> backward;
    private final Kernel backwardRows;
    private final Kernel columns;
    private final Kernel finish;

    CudaLayerNorm(CudaContext context) {
        this.context = context;
        LaunchContract plain = LaunchContract.threads(THREADS);
        forward = registerKernels("forward", "", plain);
        forwardOfSum = registerKernels("forward", "_residual", plain);
        forwardRowsOfSum = kernel("forward_any_rows_residual", plain);
        forwardRows = kernel("forward_any_rows", plain);
        backward = registerKernels(
                "backward", "", LaunchContract.threads(BACKWARD_THREADS).shared(partsBytes(MAX_WIDTH)));
        backwardRows = kernel("backward_any_rows", plain);
        columns = kernel("backward_any_columns", plain.shared(2 * THREADS * Float.BYTES));
        finish = kernel("backward_any_finish", plain.shared(THREADS * Float.BYTES));
    }

    private List<Kernel> registerKernels(String direction, String variant, LaunchContract contract) {
        return IntStream.rangeClosed(1, MAX_WIDTH / STEP)
                .mapToObj(packs -> kernel(direction + "_any_" + packs * STEP + variant, contract))
                .toList();
    }

    private Kernel kernel(String name, LaunchContract contract) {
        return context.kernel(FILE, "layer_norm_" + name, contract);
    }

    private static int partsBytes(int width) {
        return BACKWARD_ROWS * 2 * width * Float.BYTES;
    }

    /** Arguments checked; at least one element. */
    void forward(
            Tensor out,
            @Nullable Tensor mean,
            @Nullable Tensor rstd,
            Tensor in,
            Tensor weight,
            Tensor bias,
            double eps) {
        requireBoth(mean, rstd);
        int width = in.dim(-1);
        CudaLoop rows = CudaLoop.rows(out, in);
        boolean packs = fitsRegisters(rows, width, weight, bias);
        Arguments arguments = rows.addTo(context.arguments())
                .elements(out)
                .pointer(mean)
                .pointer(rstd)
                .elements(in);
        context.launch(
                packs ? forward.get((width - 1) / STEP) : forwardRows,
                rowsLaunch(rows),
                addWeights(arguments, weight, bias, eps));
    }

    private static Arguments addWeights(Arguments arguments, Tensor weight, Tensor bias, double eps) {
        return arguments
                .elements(weight)
                .elements(bias)
                .int32(CudaContext.typeCode(weight.dtype()))
                .int32(CudaContext.typeCode(bias.dtype()))
                .int32(weight.dim(0))
                .float32(eps);
    }

    /** As {@link #forward}, of a sum that is stored. */
    void forwardOfSum(
            Tensor out,
            Tensor sum,
            @Nullable Tensor mean,
            @Nullable Tensor rstd,
            ResidualSum terms,
            Tensor weight,
            Tensor bias,
            double eps) {
        requireBoth(mean, rstd);
        Tensor first = terms.addends().getFirst();
        Tensor second = terms.second() == null ? first : terms.second();
        CudaLoop rows = CudaLoop.rows(out, terms.in());
        boolean packs = fitsRegisters(rows, sum.dim(-1), weight, bias, sum, first, second);
        Arguments arguments = addTerms(rows.addTo(context.arguments()), sum, terms);
        arguments.elements(out).pointer(mean).pointer(rstd).elements(terms.in());
        context.launch(
                packs ? forwardOfSum.get((sum.dim(-1) - 1) / STEP) : forwardRowsOfSum,
                rowsLaunch(rows),
                addWeights(arguments, weight, bias, eps));
    }

    /** The structure Residual. */
    private static Arguments addTerms(Arguments arguments, Tensor sum, ResidualSum terms) {
        Tensor first = terms.addends().getFirst();
        Tensor second = terms.second();
        Tensor scales = terms.scales();
        int at = arguments.structure(56);
        arguments.setLong(at, sum.address());
        arguments.setLong(at + 8, first.address());
        arguments.setLong(at + 16, second == null ? 0 : second.address());
        arguments.setLong(at + 24, scales == null ? 0 : scales.address());
        arguments.setInt(at + 32, sum.dim(1));
        arguments.setInt(at + 36, terms.skip());
        arguments.setInt(at + 40, CudaContext.typeCode(sum.dtype()));
        arguments.setInt(at + 44, CudaContext.typeCode(first.dtype()));
        arguments.setInt(at + 48, second == null ? 0 : CudaContext.typeCode(second.dtype()));
        arguments.setInt(at + 52, scales == null ? 0 : CudaContext.typeCode(scales.dtype()));
        return arguments;
    }

    /** The kernels store both or neither. */
    private static void requireBoth(@Nullable Tensor mean, @Nullable Tensor rstd) {
        if ((mean == null) != (rstd == null)) {
            throw new IllegalArgumentException("layerNorm: mean and rstd are kept together or not at all");
        }
        if (mean != null && rstd != null) {
            Checks.onlyF32("layerNorm", mean, rstd);
        }
    }

    private static boolean fitsRegisters(CudaLoop rows, int width, Tensor... parameters) {
        boolean fits = width % CudaLoop.PACK == 0 && width <= MAX_WIDTH && rows.rowsAreAligned();
        for (Tensor parameter : parameters) {
            fits &= parameter.address() % 16 == 0;
        }
        return fits;
    }

    /** What the backward kernels read. */
    record Saved(
            Tensor gradOut,
            Tensor in,
            Tensor mean,
            Tensor rstd,
            Tensor weight,
            @Nullable Tensor around) {}

    /** Arguments checked; at least one element. */
    void backward(@Nullable Tensor gradIn, @Nullable Tensor gradWeight, @Nullable Tensor gradBias, Saved saved) {
        Checks.onlyF32("layerNormBackward", saved.mean, saved.rstd);
        int width = saved.in.dim(-1);
        boolean parameters = gradWeight != null || gradBias != null;
        CudaLoop rows = CudaLoop.rows(
                gradIn == null ? saved.in : gradIn,
                saved.gradOut,
                saved.in,
                saved.around == null ? saved.in : saved.around);
        boolean packs = fitsRegisters(rows, width, saved.weight);
        try (Scope scope = context.scope()) {
            int count = packs ? registerBlocks(rows.count()) : splits(rows.count());
            Tensor parts = parameters ? scope.allocate(DType.F32, Shape.of(count, 2, width)) : null;
            if (packs) {
                launchRegisters(rows, count, gradIn, parts, saved);
            } else {
                if (gradIn != null) {
                    launchRows(rows, gradIn, saved);
                }
                if (parts != null) {
                    launchColumns(rows, count, parts, saved);
                }
            }
            if (parts != null) {
                launchFinish(gradWeight, gradBias, parts);
            }
        }
    }

    private static int registerBlocks(long rows) {
        return (int) CudaContext.blocks(rows, BACKWARD_ROWS, MAX_PARTS);
    }

    private static int splits(long rows) {
        return (int) CudaContext.blocks(rows, (long) ROWS * MIN_TURNS, MAX_PARTS);
    }

    private void launchRegisters(
            CudaLoop rows, int blocks, @Nullable Tensor gradIn, @Nullable Tensor parts, Saved saved) {
        int width = saved.in.dim(-1);
        context.launch(
                backward.get((width - 1) / STEP),
                Launch.of(blocks, BACKWARD_THREADS).shared(partsBytes(width)),
                addParameters(rows.addTo(context.arguments()).elements(gradIn).pointer(parts), saved));
    }

    private void launchRows(CudaLoop rows, Tensor gradIn, Saved saved) {
        context.launch(
                backwardRows,
                rowsLaunch(rows),
                addParameters(rows.addTo(context.arguments()).elements(gradIn), saved));
    }

    private static Arguments addParameters(Arguments arguments, Saved saved) {
        return arguments
                .elements(saved.gradOut)
                .elements(saved.in)
                .elements(saved.around)
                .pointer(saved.mean)
                .pointer(saved.rstd)
                .elements(saved.weight)
                .int32(CudaContext.typeCode(saved.weight.dtype()))
                .int32(saved.in.dim(-1));
    }

    private void launchColumns(CudaLoop rows, int splits, Tensor parts, Saved saved) {
        int width = saved.in.dim(-1);
        context.launch(
                columns,
                tiles(width, splits).shared(2 * THREADS * Float.BYTES),
                rows.addTo(context.arguments())
                        .pointer(parts)
                        .elements(saved.gradOut)
                        .elements(saved.in)
                        .pointer(saved.mean)
                        .pointer(saved.rstd)
                        .int32(width));
    }

    private void launchFinish(@Nullable Tensor gradWeight, @Nullable Tensor gradBias, Tensor parts) {
        DType any = Objects.requireNonNull(gradWeight == null ? gradBias : gradWeight)
                .dtype();
        context.launch(
                finish,
                tiles(parts.dim(2), 2).shared(THREADS * Float.BYTES),
                context.arguments()
                        .elements(gradWeight)
                        .elements(gradBias)
                        .pointer(parts)
                        .int32(CudaContext.typeCode(gradWeight == null ? any : gradWeight.dtype()))
                        .int32(CudaContext.typeCode(gradBias == null ? any : gradBias.dtype()))
                        .int32(parts.dim(0))
                        .int32(parts.dim(2)));
    }

    /** One warp per row. */
    private static Launch rowsLaunch(CudaLoop rows) {
        return Launch.of(CudaContext.blocks(rows.count(), ROWS, MAX_BLOCKS), THREADS);
    }

    /** Blocks of 32 columns and 8 turns. */
    private static Launch tiles(int width, int splits) {
        return Launch.of(1, THREADS)
                .block(DeviceProperties.WARP, ROWS, 1)
                .grid(Math.ceilDiv(width, DeviceProperties.WARP), splits, 1);
    }
}

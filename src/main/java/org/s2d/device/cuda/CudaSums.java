package org.s2d.device.cuda;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * Sums over some dimensions. Two kernels, for outputs or for summands that lie side by side; where there are few outputs, the
 * summands are split among blocks and a second kernel adds the parts, always in the same order.
 */
final class CudaSums {
    private static final String FILE = "elementwise";
    private static final int THREADS = 256;
    private static final int WARPS = THREADS / DeviceProperties.WARP;
    /** Blocks that a sum should have at least; a constant, so that every GPU adds in the same order. */
    private static final int WANTED_BLOCKS = 512;
    /** A thread adds at least this many numbers before it is worth splitting. */
    private static final int MIN_TURNS = 8;

    private final CudaContext context;
    private final Kernel columns;
    private final Kernel rows;
    private final Kernel finish;

    CudaSums(CudaContext context) {
        this.context = context;
        LaunchContract plain = LaunchContract.threads(THREADS);
        columns = context.kernel(FILE, "sum_forward_any_columns", plain.shared(THREADS * Float.BYTES));
        rows = context.kernel(FILE, "sum_forward_any_rows", plain);
        finish = context.kernel(FILE, "sum_forward_any_finish", plain);
    }

    /** The same tensor with leading dimensions of size one. */
    static Tensor withRank(Tensor tensor, int rank) {
        int[] dims = new int[rank];
        Arrays.fill(dims, 1);
        for (int i = 1; i <= tensor.rank(); i++) {
            dims[rank - i] = tensor.dim(-i);
        }
        return tensor.expand(Shape.of(dims));
    }

    /** {@code out} has the rank of {@code in}, and size 1 in the dimensions that are summed; at least one is. */
    void sum(Tensor out, Tensor in) {
        Tensor first = in;
        Tensor rest = in;
        for (int dim = 0; dim < in.rank(); dim++) {
            // One element of the reduced dimensions beside each output, and one output's summands.
            if (out.dim(dim) == 1) {
                first = first.narrow(dim, 0, 1);
            } else {
                rest = rest.narrow(dim, 0, 1);
            }
        }
        CudaLoop kept = CudaLoop.over(out, first);
        CudaLoop reduced = CudaLoop.over(rest);
        boolean byRows = reduced.innerStride(0) < kept.innerStride(1) || kept.count() == 1;
        long tiles = Math.ceilDiv(kept.count(), (long) (byRows ? WARPS : DeviceProperties.WARP));
        int lanes = byRows ? DeviceProperties.WARP : WARPS;
        int splits = splits(tiles, reduced.count(), lanes);
        Kernel kernel = byRows ? rows : columns;
        Launch launch = (byRows
                        ? Launch.of(tiles, THREADS)
                        : Launch.of(tiles, THREADS)
                                .block(DeviceProperties.WARP, WARPS, 1)
                                .shared(THREADS * Float.BYTES))
                .grid(tiles, splits, 1);
        if (splits == 1) {
            launch(kernel, launch, kept, reduced, out, null, in);
            return;
        }
        try (Scope scope = context.scope()) {
            Tensor parts = scope.allocate(DType.F32, Shape.of(splits, Math.toIntExact(kept.count())));
            launch(kernel, launch, kept, reduced, out, parts, in);
            context.launch(
                    finish,
                    Launch.of(Math.ceilDiv(kept.count(), (long) THREADS), THREADS),
                    kept.addTo(context.arguments()).elements(out).pointer(parts).int32(splits));
        }
    }

    private static int splits(long tiles, long summands, int lanes) {
        long useful = summands / ((long) lanes * MIN_TURNS);
        long wanted = WANTED_BLOCKS / tiles;
        return (int) Math.max(1, Math.min(useful, wanted));
    }

    private void launch(
            Kernel kernel,
            Launch launch,
            CudaLoop kept,
            CudaLoop reduced,
            Tensor out,
            @Nullable Tensor parts,
            Tensor in) {
        Arguments arguments = reduced.addTo(kept.addTo(context.arguments()));
        context.launch(kernel, launch, arguments.elements(out).pointer(parts).elements(in));
    }
}

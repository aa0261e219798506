package org.s2d.device.cpu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;
import org.s2d.device.cpu.MatMulProblem.Layout;
import org.s2d.device.cpu.MatMulTiling.Tile;
import org.s2d.tensor.DType;

/**
 * A product ready to run: its tiles, and the compiled primitives for them.
 *
 * <p>A large row-major right operand in F32 is packed, some columns at a time, into the blocked layout that oneDNN
 * prefers: its kernels read such an operand in place and fall to half their rate when its rows lie far apart. So is a transposed
 * one of whose columns each worker has its own. In all other cases oneDNN rearranges operands itself.
 *
 * <p>Where the caller keeps a packed copy of the right operand, each worker computes whole rows from that, if it gets enough of them.
 */
final class MatMulPlan implements PlanCache.Plan {
    /** From this span on a row-major right operand does not stay in the second-level cache. */
    private static final long PACKED_SPAN_BYTES = 2 << 20;

    /** With fewer rows, packing costs more than it saves. */
    private static final long PACKED_ROWS = 192;

    /** Columns packed at a time: the panel stays in the cache, and the left operand is not read too often. */
    private static final long PANEL_COLUMNS = 384;

    /** A transposed left operand is rearranged anew for every panel, so those are wider. */
    private static final long WIDE_PANEL_COLUMNS = 1024;

    /** With fewer rows for each worker, columns are better cut too. */
    private static final long KEPT_ROWS = 64;

    /** Addresses of the first elements; unused ones are 0. */
    record Addresses(long a, long b, long packed, long bias, long residual, long out) {}

    /** Where a product reads its right operand. */
    private enum Right {
        IN_PLACE,
        /** Packed some columns at a time, just before. */
        PANEL,
        /** The copy that the caller keeps. */
        COPY
    }

    private record Product(
            OneDnnPrimitive multiply, @Nullable OneDnnPrimitive pack, long packedBytes) {}

    private record Size(long batches, long rows, long columns, Right right) {}

    private record Step(Product product, Right right, long a, long b, long bias, long residual, long out) {}

    private final OneDnnLibrary library;
    private final MatMulProblem problem;
    private final int workers;
    private final Map<Size, Optional<Product>> products = new HashMap<>();
    private final List<List<Step>> parts = new ArrayList<>();

    MatMulPlan(OneDnnLibrary library, MatMulProblem problem, int workers) {
        this.library = library;
        this.problem = problem;
        this.workers = workers;
        library.limitThisThread();
        try {
            List<Tile> rows = problem.packed() ? MatMulTiling.rows(problem, workers) : List.of();
            boolean copy = problem.packed() && rows.stream().allMatch(this::canReadCopy);
            for (Tile tile : copy ? rows : MatMulTiling.tiles(problem, workers)) {
                parts.add(copy ? List.of(rows(tile)) : steps(tile));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Computes the product; {@code states} has one element per worker. */
    void run(Workers team, List<OneDnnWorker> states, Addresses at) {
        team.parallelFor(parts.size(), 1, (worker, from, to) -> {
            OneDnnWorker state = states.get(worker);
            state.enter();
            for (long part = from; part < to; part++) {
                for (Step step : parts.get((int) part)) {
                    run(state, step, at);
                }
            }
        });
    }

    private void run(OneDnnWorker state, Step step, Addresses at) {
        Product product = step.product;
        long b = step.right == Right.COPY ? at.packed : at.b + step.b;
        if (product.pack != null) {
            long panel = state.panel(product.packedBytes);
            product.pack.run(state, b, panel);
            b = panel;
        }
        long a = at.a + step.a;
        long out = at.out + step.out;
        if (problem.bias() == null && problem.residual() == null) {
            product.multiply.run(state, a, b, out);
        } else if (problem.residual() == null) {
            product.multiply.run(state, a, b, out, at.bias + step.bias);
        } else if (problem.bias() == null) {
            product.multiply.run(state, a, b, out, at.residual + step.residual);
        } else {
            product.multiply.run(state, a, b, out, at.bias + step.bias, at.residual + step.residual);
        }
    }

    private boolean canReadCopy(Tile tile) {
        return problem.batch() == 1
                && tile.rows() >= KEPT_ROWS
                && product(new Size(1, tile.rows(), problem.n(), Right.COPY)).isPresent();
    }

    private Step rows(Tile tile) {
        return step(0, 1, tile.row(), tile.rows(), 0, problem.n(), Right.COPY);
    }

    private List<Step> steps(Tile tile) {
        long width = panelColumns(tile);
        Right right = width > 0 ? Right.PANEL : Right.IN_PLACE;
        if (right == Right.IN_PLACE) {
            width = tile.columns();
        }
        boolean allRepeat = problem.a().batchStride() == 0 && problem.b().batchStride() == 0; // oneDNN refuses that
        long batches = allRepeat ? 1 : tile.batches();
        if (batches > 1 && product(new Size(batches, tile.rows(), width, right)).isEmpty()) {
            batches = 1; // oneDNN has no fast code for these batch strides, but it has for every matrix alone
        }
        List<Step> steps = new ArrayList<>();
        for (long i = 0; i < tile.batches(); i += batches) {
            for (long j = 0; j < tile.columns(); j += width) {
                long columns = Math.min(width, tile.columns() - j);
                steps.add(step(tile.batch() + i, batches, tile.row(), tile.rows(), tile.column() + j, columns, right));
            }
        }
        return steps;
    }

    private Step step(long batch, long batches, long row, long rows, long column, long columns, Right right) {
        Product product = product(new Size(batches, rows, columns, right))
                .orElseThrow(() -> new DeviceException("cpu: oneDNN has only its slow reference code for " + problem));
        Layout a = problem.a();
        Layout b = problem.b();
        long out = problem.out().offset(batch, row, column);
        return new Step(
                product,
                right,
                a.bytes(a.offset(batch, row, 0)),
                b.bytes(b.offset(batch, 0, column)),
                bytes(problem.bias(), column),
                bytes(problem.residual(), out),
                problem.out().bytes(out));
    }

    private static long bytes(@Nullable DType dtype, long elements) {
        return dtype == null ? 0 : elements * dtype.bytes();
    }

    /** How many columns of the right operand are packed at a time, 0 to use it as it is. */
    private long panelColumns(Tile tile) {
        Layout b = problem.b();
        if (b.dtype() != DType.F32 || tile.batches() > 1 || tile.rows() < PACKED_ROWS) {
            return 0;
        }
        if (b.columnStride() == 1) {
            boolean far = b.bytes(problem.k() * b.rowStride()) > PACKED_SPAN_BYTES;
            long most = problem.a().columnStride() == 1 ? PANEL_COLUMNS : WIDE_PANEL_COLUMNS;
            return far ? Math.min(tile.columns(), most) : 0;
        }
        // oneDNN would transpose these columns anew for every few hundred rows. Where workers share columns, each would
        // pack
        // all of them, which takes as long.
        return tile.rows() == problem.m() ? tile.columns() : 0;
    }

    private Optional<Product> product(Size size) {
        return products.computeIfAbsent(size, this::compile);
    }

    private Optional<Product> compile(Size size) {
        OneDnnMatMul builder = new OneDnnMatMul(library, problem, workers);
        return switch (size.right) {
            case IN_PLACE ->
                builder.multiply(size.batches, size.rows, size.columns).map(multiply -> new Product(multiply, null, 0));
            case PANEL ->
                builder.multiplyPacked(size.rows, size.columns)
                        .map(packed -> new Product(packed.multiply(), packed.pack(), packed.bytes()));
            case COPY -> builder.multiplyKept(size.rows).map(multiply -> new Product(multiply, null, 0));
        };
    }

    @Override
    public void close() {
        for (Optional<Product> product : products.values()) {
            product.ifPresent(made -> {
                made.multiply.close();
                if (made.pack != null) {
                    made.pack.close();
                }
            });
        }
        products.clear();
    }
}

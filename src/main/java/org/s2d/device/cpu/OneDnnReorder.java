package org.s2d.device.cpu;

import static org.s2d.device.cpu.OneDnnLibrary.typeOf;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.s2d.device.StridedLoop;
import org.s2d.device.cpu.OneDnnPrimitive.Argument;
import org.s2d.device.cpu.OneDnnTeam.Recipe;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/** Copies of F32 between layouts by oneDNN, which moves blocks of several dimensions in vectors. */
final class OneDnnReorder implements AutoCloseable {
    private static final int PLANS = 128;
    /** Most dimensions that oneDNN knows. */
    private static final int RANK = 12;
    /** Fewer elements are copied before oneDNN has begun. */
    private static final int SMALLEST = 2048;

    private final OneDnnTeam team;
    private final PlanCache<Form, OneDnnPrimitive> plans;

    /** Sizes, and strides of target and source. */
    private record Form(List<Long> sizes, List<Long> to, List<Long> from) {}

    OneDnnReorder(OneDnnTeam team) {
        this.team = team;
        plans = new PlanCache<>(PLANS, form -> team.compile(objects -> recipe(objects, form)));
    }

    /** Whether oneDNN can do it, and sooner: enough elements, which lie apart on either side. */
    static boolean fits(StridedLoop loop, Tensor out, Tensor in) {
        return out.dtype() == DType.F32
                && in.dtype() == DType.F32
                && loop.count() >= SMALLEST
                && loop.rank() <= RANK
                && apart(loop, 0)
                && apart(loop, 1);
    }

    private static boolean apart(StridedLoop loop, int operand) {
        long span = 1;
        for (int dim : IntStream.range(0, loop.rank())
                .boxed()
                .sorted(Comparator.comparingLong(dim -> loop.stride(dim, operand)))
                .toList()) {
            if (loop.stride(dim, operand) < span) {
                return false;
            }
            span = loop.stride(dim, operand) * loop.size(dim);
        }
        return true;
    }

    /** Copies what the loop visits, cut among the workers along its longest dimension. */
    void copy(StridedLoop loop, Tensor out, Tensor in) {
        int longest = IntStream.range(0, loop.rank())
                .boxed()
                .max(Comparator.comparingLong(loop::size))
                .orElseThrow();
        long grain = Math.max(1, ElementLoop.GRAIN * loop.size(longest) / Math.max(1, loop.count()));
        team.parallelFor(loop.size(longest), grain, (worker, from, to) -> {
            Long[] sizes = values(loop, loop::size);
            sizes[longest] = to - from;
            Form form = new Form(
                    List.of(sizes),
                    List.of(values(loop, dim -> loop.stride(dim, 0))),
                    List.of(values(loop, dim -> loop.stride(dim, 1))));
            long source = in.address() + from * loop.stride(longest, 1) * Float.BYTES;
            long target = out.address() + from * loop.stride(longest, 0) * Float.BYTES;
            plans.use(form, plan -> plan.run(worker, source, target));
        });
    }

    @FunctionalInterface
    private interface OfDimension {
        long get(int dim);
    }

    private static Long[] values(StridedLoop loop, OfDimension value) {
        Long[] values = new Long[loop.rank()];
        Arrays.setAll(values, value::get);
        return values;
    }

    private Recipe recipe(OneDnnObjects objects, Form form) {
        long source = descriptor(objects, form.sizes, form.from);
        long target = descriptor(objects, form.sizes, form.to);
        long descriptor = objects.create(
                "dnnl_reorder_primitive_desc_create",
                "dnnl_primitive_desc_destroy",
                source,
                team.library().engine(),
                target,
                team.library().engine(),
                objects.attributes());
        return new Recipe(
                descriptor,
                List.of(
                        new Argument(OneDnnLibrary.ARG_SOURCE, source),
                        new Argument(OneDnnLibrary.ARG_DESTINATION, target)));
    }

    private static long descriptor(OneDnnObjects objects, List<Long> sizes, List<Long> strides) {
        return objects.stridedDescriptor(typeOf(DType.F32), array(sizes), array(strides));
    }

    private static long[] array(List<Long> values) {
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    @Override
    public void close() {
        plans.close();
    }
}

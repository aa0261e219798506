package org.s2d.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.IntStream;
import org.s2d.device.Checks;
import org.s2d.device.OptimizerChecks;
import org.s2d.device.Optimizers;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/optimizers.cu}: one launch for all tensors, which a table in device memory names. */
final class CudaOptimizers implements Optimizers {
    private static final String FILE = "optimizers";
    private static final int THREADS = 256;
    private static final int CHUNK = 16384;
    private static final int SUM_BYTES = THREADS / DeviceProperties.WARP * Double.BYTES;

    private final CudaContext context;
    private final Kernel adamW;
    private final Kernel average;
    private final Kernel norm;
    private final Kernel normFinish;

    CudaOptimizers(CudaContext context) {
        this.context = context;
        LaunchContract plain = LaunchContract.threads(THREADS);
        adamW = context.kernel(FILE, "adamw_forward_f32", plain);
        average = context.kernel(FILE, "moving_average_forward_f32", plain);
        norm = context.kernel(FILE, "norm_forward_any", plain.shared(SUM_BYTES));
        normFinish = context.kernel(FILE, "norm_forward_any_finish", plain.shared(SUM_BYTES));
    }

    @Override
    public void adamW(List<Slot> slots, AdamWStep step) {
        OptimizerChecks.adamW(slots);
        for (Slot slot : slots) {
            Checks.onlyF32("adamW", slot.parameter(), slot.gradient(), slot.expAvg(), slot.expAvgSq());
        }
        try (Scope scope = context.scope();
                Table table = new Table(slots.size())) {
            double correction1 = 1 - Math.pow(step.beta1(), (double) step.step());
            for (Slot slot : slots) {
                table.add(
                        (float) (1 - slot.lr() * slot.weightDecay()),
                        (float) (slot.lr() / correction1),
                        slot.parameter(),
                        slot.gradient(),
                        slot.expAvg(),
                        slot.expAvgSq());
            }
            if (table.blocks == 0) {
                return;
            }
            table.setStep(step);
            Tensor uploaded = table.upload(scope);
            context.launch(
                    adamW,
                    Launch.of(table.blocks, THREADS),
                    context.arguments()
                            .pointer(uploaded)
                            .pointer(uploaded.address() + Table.STEP_BYTES)
                            .int32(table.count));
        }
    }

    @Override
    public void movingAverage(List<Tensor> averages, List<Tensor> values, double decay) {
        OptimizerChecks.movingAverage(averages, values);
        try (Scope scope = context.scope();
                Table table = new Table(averages.size())) {
            for (int i = 0; i < averages.size(); i++) {
                Checks.onlyF32("movingAverage", averages.get(i), values.get(i));
                table.add(0, 0, averages.get(i), values.get(i));
            }
            if (table.blocks > 0) {
                context.launch(
                        average,
                        Launch.of(table.blocks, THREADS),
                        context.arguments()
                                .pointer(table.upload(scope).address() + Table.STEP_BYTES)
                                .int32(table.count)
                                .float32(decay)
                                .float32(1 - decay));
            }
        }
    }

    @Override
    public double norm(List<Tensor> gradients) {
        Tensor[] all = gradients.toArray(Tensor[]::new);
        Checks.singlePrecision("norm", all);
        Checks.contiguous("norm", all);
        try (Scope scope = context.scope();
                Table table = new Table(all.length)) {
            gradients.forEach(gradient -> table.add(0, 0, gradient));
            if (table.blocks == 0) {
                return 0;
            }
            Tensor parts = scope.allocate(DType.F64, Shape.of(Math.toIntExact(table.blocks)));
            Tensor out = scope.allocate(DType.F64, Shape.of(1));
            context.launch(
                    norm,
                    Launch.of(table.blocks, THREADS).shared(SUM_BYTES),
                    context.arguments()
                            .pointer(parts)
                            .pointer(table.upload(scope).address() + Table.STEP_BYTES)
                            .int32(table.count));
            context.launch(
                    normFinish,
                    Launch.of(1, THREADS).shared(SUM_BYTES),
                    context.arguments().pointer(out).pointer(parts).int32(parts.dim(0)));
            MemorySegment host = table.arena.allocate(ValueLayout.JAVA_DOUBLE);
            context.driver().copyToHost(host, out.address(), context.stream());
            context.driver().synchronize(context.stream());
            return host.get(ValueLayout.JAVA_DOUBLE, 0);
        }
    }

    /** {@code Step} and the {@code Slot}s of the kernels, on the host. Tensors without elements are left out. */
    private final class Table implements AutoCloseable {
        static final int STEP_BYTES = 32;
        private static final int COUNT = 32;
        private static final int FIRST_BLOCK = 40;
        private static final int FACTORS = 48;
        private static final int TYPE = 56;
        private static final int VECTORS = 60;
        private static final int SLOT_BYTES = 64;
        private static final int VECTOR_ALIGNMENT = 16;

        private final Arena arena = Arena.ofConfined();
        private final MemorySegment bytes;
        private int count;
        private long blocks;

        Table(int slots) {
            bytes = arena.allocate(STEP_BYTES + (long) slots * SLOT_BYTES, Long.BYTES);
        }

        void add(float first, float second, Tensor... tensors) {
            long elements = tensors[0].numel();
            if (elements == 0) {
                return;
            }
            long at = STEP_BYTES + (long) count * SLOT_BYTES;
            boolean vectors = true;
            for (int i = 0; i < tensors.length; i++) {
                long address = tensors[i].address();
                bytes.set(ValueLayout.JAVA_LONG, at + (long) Long.BYTES * i, address);
                vectors &= address % VECTOR_ALIGNMENT == 0 && tensors[i].dtype() == DType.F32;
            }
            bytes.set(ValueLayout.JAVA_LONG, at + COUNT, elements);
            bytes.set(ValueLayout.JAVA_LONG, at + FIRST_BLOCK, blocks);
            bytes.set(ValueLayout.JAVA_FLOAT, at + FACTORS, first);
            bytes.set(ValueLayout.JAVA_FLOAT, at + FACTORS + Float.BYTES, second);
            bytes.set(ValueLayout.JAVA_INT, at + TYPE, CudaContext.typeCode(tensors[0].dtype()));
            bytes.set(ValueLayout.JAVA_INT, at + VECTORS, vectors ? 1 : 0);
            blocks += Math.ceilDiv(elements, (long) CHUNK);
            count++;
        }

        void setStep(AdamWStep step) {
            double correction2 = Math.sqrt(1 - Math.pow(step.beta2(), (double) step.step()));
            double[] values = {
                step.gradientScale(),
                step.beta1(),
                1 - step.beta1(),
                step.beta2(),
                1 - step.beta2(),
                1 / correction2,
                step.eps()
            };
            IntStream.range(0, values.length)
                    .forEach(i -> bytes.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values[i]));
        }

        Tensor upload(Scope scope) {
            Tensor table = scope.allocate(DType.I64, Shape.of(Math.toIntExact(bytes.byteSize() / Long.BYTES)));
            context.driver().copyToDevice(table.address(), bytes, context.stream());
            return table;
        }

        @Override
        public void close() {
            arena.close();
        }
    }
}

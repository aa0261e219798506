package org.s2d.device.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A compiled operation and, for every worker, the memory objects it is executed with; a call only moves their pointers.
 * Workers run it at the same time, each with its own.
 */
final class OneDnnPrimitive implements PlanCache.Plan {
    /** One tensor of the operation: its role and its layout. */
    record Argument(int role, long descriptor) {}

    private static final long ARGUMENT_BYTES = 16;

    private final OneDnnLibrary library;
    private final OneDnnObjects objects;
    private final long primitive;
    private final List<Argument> arguments;
    private final long scratchpad;
    private final long scratchpadBytes;
    private final Arena arena = Arena.ofShared();
    private final @Nullable Binding[] bindings;

    /**
     * @param objects what the primitive and its arguments are made of; closed with it
     * @param arguments the tensors, in the order in which {@link #run} gets their addresses
     */
    OneDnnPrimitive(
            OneDnnLibrary library, OneDnnObjects objects, long descriptor, List<Argument> arguments, int workers) {
        this.library = library;
        this.objects = objects;
        this.arguments = List.copyOf(arguments);
        primitive = objects.create("primitive", descriptor);
        scratchpad = library.queryDescriptor(descriptor, OneDnnLibrary.QUERY_SCRATCHPAD);
        scratchpadBytes = library.size(scratchpad);
        bindings = new Binding[workers];
    }

    void run(OneDnnWorker worker, long... addresses) {
        Binding binding = bindings[worker.index()];
        if (binding == null) {
            binding = bind();
            bindings[worker.index()] = binding;
        }
        long[] memories = binding.memories;
        for (int i = 0; i < addresses.length; i++) {
            library.setDataHandle(memories[i], addresses[i]);
        }
        library.setDataHandle(memories[addresses.length], worker.scratchpad(scratchpadBytes));
        library.execute(primitive, worker.stream(), memories.length, binding.array);
    }

    private static final class Binding {
        final long[] memories;

        /** Address of the array of dnnl_exec_arg_t that names them. */
        final long array;

        Binding(long[] memories, long array) {
            this.memories = memories;
            this.array = array;
        }
    }

    private synchronized Binding bind() {
        int count = arguments.size() + 1;
        MemorySegment array = arena.allocate(count * ARGUMENT_BYTES, Long.BYTES);
        long[] memories = new long[count];
        for (int i = 0; i < count; i++) {
            boolean last = i == arguments.size();
            Argument argument = last ? new Argument(OneDnnLibrary.ARG_SCRATCHPAD, scratchpad) : arguments.get(i);
            memories[i] = objects.create("memory", argument.descriptor, library.engine(), MemorySegment.NULL);
            array.set(ValueLayout.JAVA_INT, i * ARGUMENT_BYTES, argument.role);
            array.set(ValueLayout.JAVA_LONG, i * ARGUMENT_BYTES + Long.BYTES, memories[i]);
        }
        return new Binding(memories, array.address());
    }

    @Override
    public void close() {
        objects.close();
        arena.close();
    }
}

package org.s2d.device.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;

/** oneDNN objects with one lifetime: made through this class, destroyed in reverse order by {@link #close}. */
final class OneDnnObjects implements AutoCloseable {
    private record Owned(String destroy, long object) {}

    private final OneDnnLibrary library;
    private final Deque<Owned> owned = new ArrayDeque<>();

    OneDnnObjects(OneDnnLibrary library) {
        this.library = library;
    }

    /** {@code dnnl_KIND_create(&object, arguments...)}. */
    long create(String kind, Object... arguments) {
        return create("dnnl_" + kind + "_create", "dnnl_" + kind + "_destroy", arguments);
    }

    long create(String create, String destroy, Object... arguments) {
        return own(destroy, library.create(create, arguments));
    }

    /** Takes over an object that was made elsewhere. */
    long own(String destroy, long object) {
        owned.push(new Owned(destroy, object));
        return object;
    }

    /** Describes a tensor with strides in elements. */
    long stridedDescriptor(int dtype, long[] dims, long[] strides) {
        try (Arena arena = Arena.ofConfined()) {
            return create(
                    "dnnl_memory_desc_create_with_strides",
                    "dnnl_memory_desc_destroy",
                    dims.length,
                    array(arena, dims),
                    dtype,
                    array(arena, strides));
        }
    }

    /** Describes a tensor whose layout oneDNN may choose. */
    long anyDescriptor(int dtype, long[] dims) {
        try (Arena arena = Arena.ofConfined()) {
            return create(
                    "dnnl_memory_desc_create_with_tag",
                    "dnnl_memory_desc_destroy",
                    dims.length,
                    array(arena, dims),
                    dtype,
                    OneDnnLibrary.FORMAT_ANY);
        }
    }

    private static MemorySegment array(Arena arena, long[] values) {
        return arena.allocateFrom(ValueLayout.JAVA_LONG, values);
    }

    @Override
    public void close() {
        for (Owned next = owned.poll(); next != null; next = owned.poll()) {
            library.call(next.destroy, next.object);
        }
    }
}

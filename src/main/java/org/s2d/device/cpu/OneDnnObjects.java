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

    /** {@code dnnl_OPERATION_primitive_desc_create(&descriptor, engine, arguments...)}. */
    long describe(String operation, Object... arguments) {
        Object[] all = new Object[arguments.length + 1];
        all[0] = library.engine();
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return create("dnnl_" + operation + "_primitive_desc_create", "dnnl_primitive_desc_destroy", all);
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

    /** Attributes of a primitive: working memory is ours, and arithmetic is exact in its types whatever the environment says. */
    long attributes() {
        long attributes = create("primitive_attr");
        library.call("dnnl_primitive_attr_set_scratchpad_mode", attributes, OneDnnLibrary.SCRATCHPAD_USER);
        library.call("dnnl_primitive_attr_set_fpmath_mode", attributes, OneDnnLibrary.FPMATH_STRICT);
        return attributes;
    }

    /** Adds an element-wise function with parameter {@code alpha} to what follows the operation. */
    void addEltwise(long attributes, int function, float alpha) {
        long operations = create("post_ops");
        library.call("dnnl_post_ops_append_eltwise", operations, function, alpha, 0f);
        library.call("dnnl_primitive_attr_set_post_ops", attributes, operations);
    }

    /** The result is added to what is in its place. */
    void addSum(long attributes) {
        long operations = create("post_ops");
        library.call("dnnl_post_ops_append_sum", operations, 1f, 0, OneDnnLibrary.TYPE_UNDEFINED);
        library.call("dnnl_primitive_attr_set_post_ops", attributes, operations);
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

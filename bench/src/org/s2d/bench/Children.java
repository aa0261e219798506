package org.s2d.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * What the processes used that this one started and that have ended, by Linux' {@code getrusage(RUSAGE_CHILDREN)}.
 *
 * @param processorSeconds of all of them
 * @param peakResident bytes of the largest of them
 */
@SuppressWarnings("restricted") // a call into the C library
record Children(double processorSeconds, double peakResident) {
    private static final int RUSAGE_CHILDREN = -1;
    private static final long STRUCT_BYTES = 144;
    private static final MethodHandle GETRUSAGE = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().find("getrusage").orElseThrow(),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));

    static Children now() {
        try (Arena arena = Arena.ofConfined()) {
            // Seconds and microseconds in user code, then in the system, then kilobytes.
            MemorySegment usage = arena.allocate(STRUCT_BYTES, Long.BYTES);
            if ((int) GETRUSAGE.invokeExact(RUSAGE_CHILDREN, usage) != 0) {
                throw new IllegalStateException("getrusage failed");
            }
            double seconds = number(usage, 0) + number(usage, 2) + (number(usage, 1) + number(usage, 3)) / 1e6;
            return new Children(seconds, number(usage, 4) * 1024.0);
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static long number(MemorySegment usage, long index) {
        return usage.getAtIndex(ValueLayout.JAVA_LONG, index);
    }
}

package org.s2d.device.cuda;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;

/** JCuda's objects of one kind by the numbers that {@link Driver} knows them by; no number is used twice. */
final class Handles<T> {
    private final String kind;
    private final Map<Long, T> objects = new HashMap<>();
    private long last;

    /** @param kind what errors call them */
    Handles(String kind) {
        this.kind = kind;
    }

    long add(T object) {
        objects.put(++last, object);
        return last;
    }

    /** Under a number that the caller chose: 0 is never given out. */
    Handles<T> with(long handle, T object) {
        objects.put(handle, object);
        return this;
    }

    T get(long handle) {
        return require(handle, objects.get(handle));
    }

    T remove(long handle) {
        return require(handle, objects.remove(handle));
    }

    private T require(long handle, @Nullable T object) {
        if (object == null) {
            throw new DeviceException("cuda: " + kind + " " + handle + " does not exist (any more)");
        }
        return object;
    }
}

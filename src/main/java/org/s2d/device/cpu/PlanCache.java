package org.s2d.device.cpu;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;

/** What oneDNN compiled for the operations seen lately; the one used longest ago goes first. Thread-safe. */
final class PlanCache<K, P extends PlanCache.Plan> implements AutoCloseable {
    private final int capacity;
    private final Function<K, P> maker;
    private final Map<K, Entry<P>> plans = new LinkedHashMap<>(16, 0.75f, true);
    private final Set<Entry<P>> evicted = new HashSet<>();

    PlanCache(int capacity, Function<K, P> maker) {
        this.capacity = capacity;
        this.maker = maker;
    }

    /** Compiled code and what belongs to it. */
    interface Plan extends AutoCloseable {
        @Override
        void close();
    }

    /** Runs {@code action} with the plan, made if need be and kept alive meanwhile. */
    void use(K key, Consumer<P> action) {
        Entry<P> entry = acquire(key);
        try {
            action.accept(entry.plan);
        } finally {
            release(entry);
        }
    }

    /** Runs {@code action} with a plan for each key. */
    void useAll(List<K> keys, Consumer<List<P>> action) {
        List<Entry<P>> entries = new ArrayList<>();
        try {
            keys.forEach(key -> entries.add(acquire(key)));
            action.accept(entries.stream().map(entry -> entry.plan).toList());
        } finally {
            entries.forEach(this::release);
        }
    }

    synchronized int size() {
        return plans.size();
    }

    private synchronized Entry<P> acquire(K key) {
        Entry<P> entry = plans.get(key);
        if (entry == null) {
            entry = new Entry<>(maker.apply(key));
            plans.put(key, entry);
            if (plans.size() > capacity) {
                var eldest = plans.entrySet().iterator();
                evicted.add(eldest.next().getValue());
                eldest.remove();
            }
        }
        entry.users++;
        closeUnused();
        return entry;
    }

    private synchronized void release(Entry<P> entry) {
        entry.users--;
        closeUnused();
    }

    private void closeUnused() {
        evicted.removeIf(entry -> {
            if (entry.users == 0) {
                entry.plan.close();
            }
            return entry.users == 0;
        });
    }

    @Override
    public synchronized void close() {
        evicted.addAll(plans.values());
        plans.clear();
        closeUnused();
    }

    private static final class Entry<P> {
        final P plan;
        int users;

        Entry(P plan) {
            this.plan = plan;
        }
    }
}

package org.s2d.device.cpu;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** The plans of the products seen lately; the one used longest ago goes first. Thread-safe. */
final class MatMulPlans implements AutoCloseable {
    private final OneDnnLibrary library;
    private final int workers;
    private final int capacity;
    private final Map<MatMulProblem, Entry> plans = new LinkedHashMap<>(16, 0.75f, true);
    private final Set<Entry> evicted = new HashSet<>();

    MatMulPlans(OneDnnLibrary library, int workers, int capacity) {
        this.library = library;
        this.workers = workers;
        this.capacity = capacity;
    }

    /** Runs {@code action} with the plan, made if need be and kept alive meanwhile. */
    void use(MatMulProblem problem, Consumer<MatMulPlan> action) {
        Entry entry = acquire(problem);
        try {
            action.accept(entry.plan);
        } finally {
            release(entry);
        }
    }

    synchronized int size() {
        return plans.size();
    }

    private synchronized Entry acquire(MatMulProblem problem) {
        Entry entry = plans.get(problem);
        if (entry == null) {
            entry = new Entry(new MatMulPlan(library, problem, workers));
            plans.put(problem, entry);
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

    private synchronized void release(Entry entry) {
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

    private static final class Entry {
        final MatMulPlan plan;
        int users;

        Entry(MatMulPlan plan) {
            this.plan = plan;
        }
    }
}

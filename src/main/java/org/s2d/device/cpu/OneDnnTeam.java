package org.s2d.device.cpu;

import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.s2d.device.cpu.OneDnnPrimitive.Argument;

/** The workers of a device as oneDNN needs them: each with a stream and memory of its own. */
final class OneDnnTeam implements AutoCloseable {
    private final OneDnnLibrary library;
    private final Workers workers;
    private final List<OneDnnWorker> states;

    OneDnnTeam(Workers workers) {
        this.workers = workers;
        library = OneDnnLibrary.load();
        states = IntStream.range(0, workers.count())
                .mapToObj(index -> new OneDnnWorker(library, index))
                .toList();
    }

    /** The body of a loop: elements {@code from} (included) to {@code to} (excluded). */
    @FunctionalInterface
    interface RangeTask {
        void run(OneDnnWorker worker, long from, long to);
    }

    /** What is to be compiled: the descriptor of a primitive, and its tensors in the order in which it gets their addresses. */
    record Recipe(long descriptor, List<Argument> arguments) {}

    /** Compiles a primitive for all workers; what the recipe makes lives as long as the primitive. */
    OneDnnPrimitive compile(Function<OneDnnObjects, Recipe> recipe) {
        library.limitThisThread();
        OneDnnObjects objects = new OneDnnObjects(library);
        try {
            Recipe made = recipe.apply(objects);
            return new OneDnnPrimitive(library, objects, made.descriptor, made.arguments, workers.count());
        } catch (RuntimeException e) {
            objects.close();
            throw e;
        }
    }

    OneDnnLibrary library() {
        return library;
    }

    Scratch scratch() {
        return workers.scratch();
    }

    /** {@link Workers#parallelFor}. */
    void parallelFor(long count, long grain, RangeTask task) {
        workers.parallelFor(count, grain, (index, from, to) -> {
            OneDnnWorker worker = states.get(index);
            worker.enter();
            task.run(worker, from, to);
        });
    }

    @Override
    public void close() {
        states.forEach(OneDnnWorker::close);
    }
}

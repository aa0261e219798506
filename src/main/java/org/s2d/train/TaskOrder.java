package org.s2d.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.s2d.data.random.RandomStream;

/** In which order an epoch's steps go through the tasks: at random, each as often as its share wants; one task is simply itself. */
final class TaskOrder {
    /** First number of its random path. */
    private static final long ORDER = 14;

    private final List<Task> tasks;
    private final long seed;

    TaskOrder(List<Task> tasks, long seed) {
        this.tasks = tasks;
        this.seed = seed;
    }

    /** A task's turn, and how many the epoch gave it before. */
    record Turn(Task task, int step) {}

    int stepsPerEpoch() {
        return tasks.stream().mapToInt(task -> task.batches().stepsPerEpoch()).sum();
    }

    /** Whose turn it is at each step of an epoch. */
    List<Turn> of(int epoch) {
        List<Task> order = new ArrayList<>();
        for (Task task : tasks) {
            order.addAll(Collections.nCopies(task.batches().stepsPerEpoch(), task));
        }
        RandomStream random = RandomStream.of(seed, ORDER, epoch);
        for (int i = order.size() - 1; i > 0; i--) {
            Collections.swap(order, i, random.nextInt(i + 1));
        }
        List<Turn> turns = new ArrayList<>();
        int[] done = new int[tasks.size()];
        for (Task task : order) {
            turns.add(new Turn(task, done[tasks.indexOf(task)]++));
        }
        return turns;
    }
}

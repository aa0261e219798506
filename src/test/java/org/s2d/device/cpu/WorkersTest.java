package org.s2d.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(20)
class WorkersTest {
    private record Range(int worker, long from, long to) {}

    private static List<Range> ranges(Workers workers, long count, long grain) {
        List<Range> seen = Collections.synchronizedList(new ArrayList<>());
        workers.parallelFor(count, grain, (worker, from, to) -> seen.add(new Range(worker, from, to)));
        return seen.stream()
                .sorted((a, b) -> Integer.compare(a.worker, b.worker))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7})
    void everyElementIsVisitedExactlyOnce(int threads) {
        try (Workers workers = new Workers(threads)) {
            assertThat(workers.count()).isEqualTo(threads);
            for (int count : new int[] {0, 1, 2, 6, 7, 8, 100, 1001}) {
                for (int grain : new int[] {1, 3, 64, 2000}) {
                    AtomicIntegerArray visits = new AtomicIntegerArray(count);
                    workers.parallelFor(count, grain, (worker, from, to) -> {
                        assertThat(worker).isBetween(0, threads - 1);
                        for (long i = from; i < to; i++) {
                            visits.incrementAndGet((int) i);
                        }
                    });
                    for (int i = 0; i < count; i++) {
                        assertThat(visits.get(i)).isEqualTo(1);
                    }
                }
            }
        }
    }

    @Test
    void rangesStartAtMultiplesOfTheGrainAndAreBalanced() {
        try (Workers workers = new Workers(3)) {
            assertThat(ranges(workers, 1000, 64))
                    .containsExactly(new Range(0, 0, 384), new Range(1, 384, 704), new Range(2, 704, 1000));
            assertThat(ranges(workers, 65, 64)).containsExactly(new Range(0, 0, 64), new Range(1, 64, 65));
            assertThat(ranges(workers, 64, 64)).containsExactly(new Range(0, 0, 64));
            assertThat(ranges(workers, Long.MAX_VALUE, 1))
                    .last()
                    .extracting(Range::to)
                    .isEqualTo(Long.MAX_VALUE);
        }
    }

    @Test
    void theSameCallIsCutTheSameWayEveryTime() {
        try (Workers workers = new Workers(3)) {
            List<Range> first = ranges(workers, 12345, 16);
            for (int i = 0; i < 200; i++) {
                assertThat(ranges(workers, 12345, 16)).isEqualTo(first);
            }
        }
    }

    @Test
    void everyWorkerHasItsOwnThreadAndTheCallerIsWorkerZero() {
        try (Workers workers = new Workers(3)) {
            Set<Thread> threads = ConcurrentHashMap.newKeySet();
            CountDownLatch together = new CountDownLatch(3);
            workers.parallelFor(3, 1, (worker, from, to) -> {
                threads.add(Thread.currentThread());
                assertThat(worker == 0).isEqualTo(!Thread.currentThread().isDaemon());
                together.countDown();
                await(together); // returns only when all three run at the same time
            });
            assertThat(threads).hasSize(3).contains(Thread.currentThread());
        }
    }

    @Test
    void aLoopInsideALoopRunsInlineOnItsWorker() {
        try (Workers workers = new Workers(2)) {
            AtomicInteger inner = new AtomicInteger();
            workers.parallelFor(2, 1, (outerWorker, from, to) -> {
                Thread outer = Thread.currentThread();
                workers.parallelFor(10, 1, (worker, start, end) -> {
                    assertThat(worker).isEqualTo(outerWorker);
                    assertThat(Thread.currentThread()).isSameAs(outer);
                    inner.addAndGet((int) (end - start));
                });
            });
            assertThat(inner).hasValue(20);
        }
    }

    @Test
    void loopsOfDifferentThreadsDoNotOverlap() throws InterruptedException {
        try (Workers workers = new Workers(2)) {
            AtomicIntegerArray inside = new AtomicIntegerArray(2);
            AtomicInteger clashes = new AtomicInteger();
            Runnable driver = () -> {
                for (int i = 0; i < 300; i++) {
                    workers.parallelFor(1 + i % 2, 1, (worker, from, to) -> {
                        if (inside.incrementAndGet(worker) != 1) {
                            clashes.incrementAndGet();
                        }
                        inside.decrementAndGet(worker);
                    });
                }
            };
            List<Thread> drivers = List.of(new Thread(driver), new Thread(driver), new Thread(driver));
            drivers.forEach(Thread::start);
            for (Thread thread : drivers) {
                thread.join();
            }
            assertThat(clashes).hasValue(0);
        }
    }

    @Test
    void theFailureOfTheLowestWorkerIsThrownWithTheOthersSuppressed() {
        try (Workers workers = new Workers(3)) {
            assertThatThrownBy(() -> workers.parallelFor(3, 1, (worker, from, to) -> {
                        if (worker > 0) {
                            throw new UnsupportedOperationException("worker " + worker);
                        }
                    }))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessage("worker 1")
                    .satisfies(failure -> assertThat(failure.getSuppressed())
                            .extracting(Throwable::getMessage)
                            .containsExactly("worker 2"));
            assertThat(ranges(workers, 3, 1)).hasSize(3);
        }
    }

    @Test
    void anErrorInTheCallersPartWaitsForTheOthers() {
        try (Workers workers = new Workers(2)) {
            AtomicInteger finished = new AtomicInteger();
            assertThatThrownBy(() -> workers.parallelFor(2, 1, (worker, from, to) -> {
                        if (worker == 0) {
                            throw new AssertionError("first");
                        }
                        pause(30);
                        finished.incrementAndGet();
                    }))
                    .isInstanceOf(AssertionError.class)
                    .hasMessage("first");
            assertThat(finished).hasValue(1);
        }
    }

    @Test
    void anIdleTeamSleeps() {
        var cpuTimes = ManagementFactory.getThreadMXBean();
        try (Workers workers = new Workers(2)) {
            long[] id = new long[1];
            workers.parallelFor(2, 1, (worker, from, to) -> {
                if (worker == 1) {
                    id[0] = Thread.currentThread().threadId();
                }
            });
            pause(20);
            long before = cpuTimes.getThreadCpuTime(id[0]);
            pause(300);
            assertThat(cpuTimes.getThreadCpuTime(id[0]) - before).isLessThan(TimeUnit.MILLISECONDS.toNanos(30));
        }
    }

    @Test
    void manyShortLoopsLoseNoWakeUp() {
        try (Workers workers = new Workers(3)) {
            long[] sums = new long[3 * 16];
            for (int i = 0; i < 20_000; i++) {
                workers.parallelFor(3, 1, (worker, from, to) -> sums[worker * 16] += to - from);
                if (i % 2000 == 0) {
                    pause(1); // long enough that the threads fall asleep
                }
            }
            assertThat(Arrays.stream(sums).sum()).isEqualTo(60_000);
        }
    }

    @Test
    void closingEndsTheThreadsAndRefusesFurtherLoops() throws InterruptedException {
        Workers workers = new Workers(2);
        Thread[] second = new Thread[1];
        workers.parallelFor(2, 1, (worker, from, to) -> {
            if (worker == 1) {
                second[0] = Thread.currentThread();
            }
        });
        workers.close();
        workers.close();
        second[0].join(5000);
        assertThat(second[0].isAlive()).isFalse();
        assertThatThrownBy(() -> workers.parallelFor(1, 1, (worker, from, to) -> {}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void badArgumentsAreRefused() {
        assertThatThrownBy(() -> new Workers(0)).isInstanceOf(IllegalArgumentException.class);
        try (Workers workers = new Workers(1)) {
            assertThatThrownBy(() -> workers.parallelFor(-1, 1, (worker, from, to) -> {}))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> workers.parallelFor(1, 0, (worker, from, to) -> {}))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}

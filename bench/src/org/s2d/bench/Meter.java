package org.s2d.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What is noted with each iteration besides its time: the work of one call, the rate of the machine just before and after (a shared machine does
 * not keep its speed from one minute to the next), how many cores this process really had, and its peak of resident memory. The public
 * methods are what JMH writes down.
 */
@AuxCounters(AuxCounters.Type.EVENTS)
@State(Scope.Thread)
public class Meter {
    private static final long NANOS = 500_000_000;
    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private @Nullable Work work;
    private double before;
    private double after;
    private long startWall;
    private double startCpu;
    private double cores;
    private double peak;

    @Setup(Level.Iteration)
    public void before(Work measured) throws IOException {
        work = measured;
        before = rate(measured.ceiling);
        if (Files.isWritable(Path.of("/proc/self/clear_refs"))) {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // forgets the peak so far
        }
        startWall = System.nanoTime();
        startCpu = SYSTEM.getProcessCpuTime() / 1e9 + measured.elsewhere;
    }

    @TearDown(Level.Iteration)
    public void after(Work measured) throws IOException {
        double cpu = SYSTEM.getProcessCpuTime() / 1e9 + measured.elsewhere - startCpu;
        cores = cpu / ((System.nanoTime() - startWall) / 1e9);
        peak = measured.residentElsewhere.isPresent() ? measured.residentElsewhere.getAsDouble() : peakHere();
        after = rate(measured.ceiling);
    }

    private static double peakHere() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) * 1024)
                .findFirst()
                .orElse(Double.NaN);
    }

    private static double rate(@Nullable Ceiling ceiling) {
        if (ceiling == null) {
            return Double.NaN;
        }
        long start = System.nanoTime();
        long now = start;
        int runs = 0;
        while (now - start < NANOS) {
            ceiling.run();
            runs++;
            now = System.nanoTime();
        }
        return runs * ceiling.work() / ((now - start) / 1e9);
    }

    public double flopsPerCall() {
        return work == null ? 0 : work.flops;
    }

    public double bytesPerCall() {
        return work == null ? 0 : work.bytes;
    }

    public double itemsPerCall() {
        return work == null ? 1 : work.items;
    }

    public double peerFlopsPerCall() {
        return work == null ? 0 : work.peerFlops;
    }

    public double peerSeconds() {
        return work == null ? 0 : work.peerSeconds;
    }

    /** Operations or bytes per second around the iteration. */
    public double ceilingRate() {
        return (before + after) / 2;
    }

    /** Processor seconds per second. */
    public double coresUsed() {
        return cores;
    }

    /** Bytes. */
    public double peakResident() {
        return peak;
    }
}

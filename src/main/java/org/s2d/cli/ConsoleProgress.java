package org.s2d.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.s2d.data.prepare.Progress;

/** A line every two seconds: how far, how fast, how long still. */
final class ConsoleProgress implements Progress {
    private static final long EVERY_NANOS = 2_000_000_000L;

    private final PrintWriter out;
    private final String what;
    private final long start = System.nanoTime();
    private long last = start;

    ConsoleProgress(PrintWriter out, String what) {
        this.out = out;
        this.what = what;
    }

    @Override
    public synchronized void advanced(int done, int total) {
        long now = System.nanoTime();
        if (now - last < EVERY_NANOS) {
            return;
        }
        last = now;
        double rate = done / ((now - start) / 1e9);
        String left = done == 0 ? "?" : String.format(Locale.ROOT, "%.0f s", (total - done) / rate);
        String format = rate < 10 ? "%s %d/%d  %.1f/s  ETA %s%n" : "%s %d/%d  %.0f/s  ETA %s%n";
        out.printf(Locale.ROOT, format, what, done, total, rate, left);
        out.flush();
    }
}

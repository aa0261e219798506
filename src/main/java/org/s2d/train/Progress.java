package org.s2d.train;

import java.io.Console;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import org.s2d.train.checkpoint.Position;
import org.s2d.train.step.TrainingStep;

/**
 * The line that shows how a run goes. On a terminal it is written over and over; elsewhere a plain line appears every few steps.
 */
final class Progress {
    private static final long TERMINAL_NANOS = 200_000_000;

    private final PrintWriter out;
    private final boolean terminal;
    private final int epochs;
    private final int stepsPerEpoch;
    private final int logEvery;
    private final long startNanos = System.nanoTime();
    private long lastNanos;
    private long steps;
    private long clips;
    private boolean lineOpen;

    @SuppressWarnings("SystemConsoleNull") // its documentation still allows null
    Progress(PrintWriter out, int epochs, int stepsPerEpoch, int logEvery) {
        this.out = out;
        this.epochs = epochs;
        this.stepsPerEpoch = stepsPerEpoch;
        this.logEvery = logEvery;
        Console console = System.console();
        terminal = console != null && console.isTerminal();
    }

    /** Clips per second since the start of this process's part of the run. */
    double clipsPerSecond() {
        return clips / Math.max(1e-9, (System.nanoTime() - startNanos) / 1e9);
    }

    /** Counts a step, and shows it when it is time. */
    void step(Position position, TrainingStep.Result result, double lr) {
        steps++;
        clips += result.samples();
        long now = System.nanoTime();
        boolean due = terminal
                ? now - lastNanos > TERMINAL_NANOS
                : position.step() % logEvery == 0 || position.step() == stepsPerEpoch;
        if (!due) {
            return;
        }
        lastNanos = now;
        String line = line(position, result, lr, now);
        if (terminal) {
            out.print("\r" + line + "\u001b[K");
            lineOpen = true;
        } else {
            out.println(line);
        }
        out.flush();
    }

    private String line(Position position, TrainingStep.Result result, double lr, long now) {
        long left = (long) epochs * stepsPerEpoch - position.globalStep();
        Duration eta = Duration.ofNanos((now - startNanos) / Math.max(1, steps) * left);
        return String.format(
                Locale.ROOT,
                "epoch %d/%d  step %d/%d  loss %.4f%s  lr %.2e  grad %.3g%s  %.1f clips/s  ETA %d:%02d:%02d",
                position.epoch() + 1,
                epochs,
                position.step(),
                stepsPerEpoch,
                result.loss(),
                result.sdlLoss() == 0 ? "" : String.format(Locale.ROOT, "  sdl %.4f", result.sdlLoss()),
                lr,
                result.gradNorm(),
                result.skipped() ? " (overflow: step left out)" : "",
                clipsPerSecond(),
                eta.toHours(),
                eta.toMinutesPart(),
                eta.toSecondsPart());
    }

    /** A line that stays. */
    void say(String line) {
        if (lineOpen) {
            out.println();
            lineOpen = false;
        }
        out.println(line);
        out.flush();
    }
}

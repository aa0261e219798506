package org.s2d.train;

import java.util.concurrent.CountDownLatch;
import javax.imageio.ImageIO;

/**
 * Ctrl-C and SIGTERM as a wish to stop: the machine's shutdown waits until the run has saved and calls {@link #close}, then the
 * process ends with that exit code instead of the signal's.
 */
public final class StopSignal {
    private final CountDownLatch finished = new CountDownLatch(1);
    private final Thread hook = new Thread(this::awaitFinish, "stop-signal");
    private volatile boolean requested;
    private volatile int exitCode;

    private StopSignal() {}

    /** From now on a wish to stop is noted instead of ending the process. */
    public static StopSignal install() {
        // Cache files of pictures are deleted by a hook of their own, and none can be registered once the signal has
        // come.
        ImageIO.setUseCache(false);
        StopSignal signal = new StopSignal();
        Runtime.getRuntime().addShutdownHook(signal.hook);
        return signal;
    }

    private void awaitFinish() {
        requested = true;
        try {
            finished.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(exitCode);
    }

    /** True once Ctrl-C or SIGTERM came. */
    public boolean requested() {
        return requested;
    }

    /** The run is over, everything is written and printed. */
    public void close(int code) {
        exitCode = code;
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The hook is running: it waits for this.
            finished.countDown();
        }
    }
}

package org.s2d.check;

import org.s2d.device.Device;
import org.s2d.device.cuda.CudaContext;
import org.s2d.device.cuda.CudaDevice;
import org.s2d.device.cuda.Driver;

/** Times work on a device: by events on its stream, or by the host's clock where there is none. */
public abstract sealed class Stopwatch implements AutoCloseable {
    public static Stopwatch of(Device device) {
        return device instanceof CudaDevice cuda ? new Events(cuda.context()) : new Clock();
    }

    /** Milliseconds from the start of the work to its end on the device; waits for it. */
    public abstract double milliseconds(Runnable work);

    @Override
    public abstract void close();

    private static final class Events extends Stopwatch {
        private final Driver driver;
        private final long stream;
        private final long before;
        private final long after;

        Events(CudaContext context) {
            driver = context.driver();
            stream = context.stream();
            before = driver.createEvent();
            after = driver.createEvent();
        }

        @Override
        public double milliseconds(Runnable work) {
            driver.record(before, stream);
            work.run();
            driver.record(after, stream);
            driver.synchronizeEvent(after);
            return driver.milliseconds(before, after);
        }

        @Override
        public void close() {
            driver.destroyEvent(before);
            driver.destroyEvent(after);
        }
    }

    private static final class Clock extends Stopwatch {
        @Override
        public double milliseconds(Runnable work) {
            long start = System.nanoTime();
            work.run();
            return (System.nanoTime() - start) / 1e6;
        }

        @Override
        public void close() {}
    }
}

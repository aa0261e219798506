package org.s2d.device;

import java.util.Optional;

/** Work that is done again and again ({@link Device#repeated}). */
public interface Repeated extends AutoCloseable {
    /** Does the work once more. */
    void run();

    /** Why a device that could record the work does not; empty while there is no reason. */
    Optional<String> whyNotRecorded();

    /** Gives up the recording. */
    @Override
    void close();

    /** Work of a device that records nothing. */
    static Repeated plain(Runnable work) {
        return new Repeated() {
            @Override
            public void run() {
                work.run();
            }

            @Override
            public Optional<String> whyNotRecorded() {
                return Optional.empty();
            }

            @Override
            public void close() {}
        };
    }
}

package org.s2d.verify;

import java.util.function.Function;
import org.s2d.autograd.Precision;
import org.s2d.data.prepare.Progress;
import org.s2d.device.Device;

/** Runs one form of reference case. */
public interface CaseVerifier {
    /**
     * Where and how far a case runs.
     *
     * @param steps most training steps of a run
     * @param progress makes what is told of a long run, by the run's name
     */
    record Target(Device device, Precision precision, int steps, Function<String, Progress> progress) {
        /** Runs everything and tells nobody. */
        Target(Device device, Precision precision) {
            this(device, precision, Integer.MAX_VALUE, run -> Progress.NONE);
        }
    }

    /** Whether a case has this form; decided by its files and configuration, not by its sizes. */
    boolean accepts(CaseFolder folder);

    /** Computes everything the case carries results for and reports every tensor. */
    void verify(CaseFolder folder, Target target, Report report);
}

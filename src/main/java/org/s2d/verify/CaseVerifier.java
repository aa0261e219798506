package org.s2d.verify;

import org.s2d.autograd.Precision;
import org.s2d.device.Device;

/** Runs one form of reference case. */
public interface CaseVerifier {
    /** Where a case runs. */
    record Target(Device device, Precision precision) {}

    /** Whether a case has this form; decided by its files and configuration, not by its sizes. */
    boolean accepts(CaseFolder folder);

    /** Computes everything the case carries results for and reports every tensor. */
    void verify(CaseFolder folder, Target target, Report report);
}

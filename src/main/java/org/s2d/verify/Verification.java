package org.s2d.verify;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Precision;
import org.s2d.tensor.UserException;

/** Runs reference cases one after the other and prints their tables. */
public final class Verification {
    private static final List<CaseVerifier> VERIFIERS = List.of(
            new OperationsVerifier(),
            new OptimVerifier(),
            new SdlVerifier(),
            new TrajectoryVerifier(),
            new EndToEndVerifier(),
            new LandmarkVerifier(),
            new ModelVerifier(),
            new S4dVerifier(),
            new S4dPretrainingVerifier(),
            new MetricsVerifier(),
            new PreprocessVerifier(),
            new CheckpointVerifier());

    private final CaseVerifier.Target target;

    public record Totals(long tensors, long failed) {
        Totals plus(Totals other) {
            return new Totals(tensors + other.tensors, failed + other.failed);
        }
    }

    public Verification(CaseVerifier.Target target) {
        this.target = target;
    }

    /** Verifies every folder; prints a heading and a table per case and a last line {@code N tensors, N failed}. */
    public Totals run(List<Path> folders, PrintWriter out) {
        Totals totals = new Totals(0, 0);
        for (Path folder : folders) {
            try (CaseFolder opened = CaseFolder.open(folder)) {
                out.println("case " + opened.name() + " (" + folder + ")");
                Report report = run(opened);
                out.print(report.render());
                out.flush();
                List<Report.Row> rows = report.rows();
                totals = totals.plus(new Totals(
                        rows.size(), rows.stream().filter(row -> !row.passed()).count()));
            }
        }
        out.println(totals.tensors() + " tensors, " + totals.failed() + " failed");
        out.flush();
        return totals;
    }

    /** Verifies one case. */
    public Report run(CaseFolder folder) {
        boolean low =
                target.precision() != Precision.FP32 && !target.device().name().equals("reference");
        Report report =
                low ? new Report(lowYardstick(folder), null) : new Report(null, yardstick(folder, Precision.FP32));
        for (CaseVerifier verifier : VERIFIERS) {
            if (verifier.accepts(folder)) {
                verifier.verify(folder, target, report);
                if (report.rows().isEmpty()) {
                    throw new UserException(folder.path() + ": the case carries no results to compare with.");
                }
                return report;
            }
        }
        throw new UserException(folder.path() + ": no verifier for a case of this form (" + folder.name() + ").");
    }

    private Yardstick lowYardstick(CaseFolder folder) {
        Yardstick yardstick = yardstick(folder, target.precision());
        if (yardstick == null) {
            throw new UserException(folder.path() + ": no yardstick for " + target.precision()
                    + ". Make one with tools/yardstick.py, or use --precision fp32.");
        }
        return yardstick;
    }

    private static @Nullable Yardstick yardstick(CaseFolder folder, Precision precision) {
        String file = "yardstick_" + precision.name().toLowerCase(Locale.ROOT) + ".json";
        return Yardstick.find(
                List.of(folder.path().resolve(file), Path.of("weights", "reference", folder.name(), file)));
    }
}

package org.s2d.verify;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;
import org.s2d.weights.Checkpoint;
import org.s2d.weights.StoredTensor;

/**
 * A whole training run, step by step, with and without self-distillation: losses, gradient norms, learning rates, weights along the way
 * and at the end, moments, soft targets and queues.
 */
final class TrajectoryVerifier implements CaseVerifier {
    private static final List<String> VARIANTS = List.of("plain", "sdl");
    private static final Pattern AFTER_STEP = Pattern.compile("after_step(\\d+)\\.(.+)");
    private static final Pattern QUEUE_AFTER = Pattern.compile("(Queue|Probe)\\.after(\\d+)");

    @Override
    public boolean accepts(CaseFolder folder) {
        return folder.config().has("niter_per_epoch")
                && folder.hasFile("data")
                && VARIANTS.stream().anyMatch(variant -> folder.hasFile("run_" + variant));
    }

    @Override
    public void verify(CaseFolder folder, Target target, Report report) {
        for (String variant : VARIANTS) {
            if (folder.hasFile("run_" + variant)) {
                Comparison comparison = new Comparison(folder, variant, report);
                try (TrajectoryRun run = new TrajectoryRun(folder, target, variant.equals("sdl"))) {
                    run.run(comparison.snapshots(), target.progress().apply(folder.name() + " " + variant));
                    comparison.compare(run);
                }
            }
        }
    }

    /** What a case stores of one variant. Names in the report start with the variant's. */
    private record Comparison(CaseFolder folder, String variant, Report report) {
        private String runFile() {
            return "run_" + variant;
        }

        /** Which snapshots the run has to take: {@code after_step2.NAME} and {@code Queue.after20}. */
        List<TrajectoryRun.Snapshot> snapshots() {
            List<TrajectoryRun.Snapshot> wanted = new ArrayList<>();
            for (String stored : folder.names(runFile())) {
                Matcher matcher = AFTER_STEP.matcher(stored);
                if (matcher.matches()) {
                    wanted.add(new TrajectoryRun.Snapshot(
                            Integer.parseInt(matcher.group(1)), matcher.group(2), runFile(), stored));
                }
            }
            if (variant.equals("sdl")) {
                for (String stored : folder.names("sdl")) {
                    Matcher matcher = QUEUE_AFTER.matcher(stored);
                    if (matcher.matches()) {
                        wanted.add(new TrajectoryRun.Snapshot(
                                Integer.parseInt(matcher.group(2)), matcher.group(1), "sdl", stored));
                    }
                }
            }
            return wanted;
        }

        void compare(TrajectoryRun run) {
            run.rows().forEach((name, values) -> checkSteps(runFile(), name, values));
            run.snapshots().forEach((snapshot, values) -> check(snapshot.file(), snapshot.stored(), values));
            run.distillation().forEach((name, values) -> checkSteps("sdl", name, values));
            groups(run);
            if (run.complete()) {
                compareEnd(run);
            }
        }

        private void compareEnd(TrajectoryRun run) {
            check(runFile(), "final_logits", run.finalLogits());
            Map<String, Tensor> moments = run.moments();
            Map<String, Tensor> weights = run.weights();
            for (String stored : folder.names(runFile())) {
                if (stored.startsWith("adam.")) {
                    compareTensor(runFile(), stored, moments.get(stored));
                }
            }
            for (String stored : folder.names("final_" + variant)) {
                compareTensor("final_" + variant, stored, weights.get(stored));
            }
            frozen(run, weights);
            if (variant.equals("plain")) {
                checkpoint(weights, moments, List.copyOf(run.weightDecays().keySet()));
            }
        }

        /** The checkpoint that PyTorch wrote after the plain run: all weights, and all moments in the optimiser's order. */
        private void checkpoint(Map<String, Tensor> weights, Map<String, Tensor> moments, List<String> order) {
            Path file = folder.path().resolve("checkpoint.pth");
            if (!Files.isRegularFile(file)) {
                return;
            }
            try (Checkpoint checkpoint = Checkpoint.open(file);
                    HostPool pool = new HostPool();
                    Scope scope = new Scope(pool)) {
                Map<String, StoredTensor> stored = checkpoint.allTensors();
                weights.forEach((name, ours) ->
                        compareStored("model." + name, checkpoint, stored.get("model." + name), ours, scope));
                for (int i = 0; i < order.size(); i++) {
                    for (String moment : List.of("exp_avg", "exp_avg_sq")) {
                        StoredTensor theirs = stored.get("optimizer.state." + i + "." + moment);
                        Tensor ours = moments.get("adam." + moment + "." + order.get(i));
                        if (theirs != null || ours != null) {
                            compareStored(moment + "." + order.get(i), checkpoint, theirs, ours, scope);
                        }
                    }
                }
            }
        }

        private void compareStored(
                String name, Checkpoint checkpoint, @Nullable StoredTensor stored, @Nullable Tensor ours, Scope scope) {
            String row = variant + "/checkpoint." + name;
            if (stored == null || ours == null) {
                report.fail(row, stored == null ? "not in the checkpoint" : "the run has nothing of this name");
            } else {
                report.check(row, ours, checkpoint.load(stored, scope), null);
            }
        }

        private void compareTensor(String file, String stored, @Nullable Tensor ours) {
            if (ours == null) {
                report.fail(variant + "/" + stored, "the run has nothing of this name");
            } else {
                check(file, stored, ours.toDoubles());
            }
        }

        private void check(String file, String name, double[] ours) {
            if (folder.has(file, name)) {
                Tensor expected = folder.tensor(file, name);
                report.check(variant + "/" + name, expected.shape(), ours, expected.toDoubles(), float64(file, name));
            }
        }

        /** A tensor with a row for each step: compares the first steps, as many as the run made. */
        private void checkSteps(String file, String name, double[] ours) {
            if (!folder.has(file, name) || ours.length == 0) {
                return;
            }
            Tensor all = folder.tensor(file, name);
            int rows = Math.toIntExact(ours.length / (all.numel() / all.dim(0)));
            double[] truth = float64(file, name);
            report.check(
                    variant + "/" + name + (rows < all.dim(0) ? "[:" + rows + "]" : ""),
                    all.shape().with(0, rows),
                    ours,
                    Arrays.copyOf(all.toDoubles(), ours.length),
                    truth == null ? null : Arrays.copyOf(truth, ours.length));
        }

        private double @Nullable [] float64(String file, String name) {
            if (folder.has(file, "f64." + name)) {
                return folder.float64(file, "f64." + name);
            }
            return folder.has(file, name + ".lo") ? folder.float64(file, name) : null;
        }

        /** What does not train is unchanged, and it is the same set as PyTorch's. */
        private void frozen(TrajectoryRun run, Map<String, Tensor> weights) {
            for (JsonNode name : folder.values().path("frozen")) {
                Tensor before = run.initial(name.asText());
                Tensor after = weights.get(name.asText());
                long wrong = after == null ? before.numel() : different(before, after);
                report.checkExact(
                        variant + "/frozen." + name.asText(), before.shape().toString(), wrong, before.numel(), 0, "");
            }
        }

        private static long different(Tensor before, Tensor after) {
            double[] old = before.toDoubles();
            double[] now = after.toDoubles();
            long wrong = 0;
            for (int i = 0; i < old.length; i++) {
                wrong += (float) now[i] == (float) old[i] ? 0 : 1;
            }
            return wrong;
        }

        private void groups(TrajectoryRun run) {
            Map<String, Double> expected = new LinkedHashMap<>();
            for (JsonNode group : folder.values().path("param_groups")) {
                for (JsonNode name : group.path("params")) {
                    expected.put(name.asText(), group.path("weight_decay").asDouble());
                }
            }
            Map<String, Double> ours = run.weightDecays();
            if (!expected.isEmpty()) {
                long wrong = Stream.concat(expected.keySet().stream(), ours.keySet().stream())
                        .distinct()
                        .filter(name -> !Objects.equals(expected.get(name), ours.get(name)))
                        .count();
                boolean order = List.copyOf(expected.keySet()).equals(List.copyOf(ours.keySet()));
                report.checkExact(
                        variant + "/param_groups",
                        "(" + expected.size() + ")",
                        wrong + (order ? 0 : 1),
                        expected.size(),
                        0,
                        "");
            }
        }
    }
}

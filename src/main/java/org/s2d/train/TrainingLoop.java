package org.s2d.train;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.s2d.data.ClipLoader;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.random.RandomStream;
import org.s2d.loss.SdlSchedule;
import org.s2d.optim.CosineSchedule;
import org.s2d.optim.MovingAverage;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.Position;
import org.s2d.train.checkpoint.RunCheckpoint;
import org.s2d.train.config.TrainConfig;
import org.s2d.train.results.RunCard;
import org.s2d.train.results.RunFolder;
import org.s2d.train.results.RunPictures;
import org.s2d.train.results.RunRecords;
import org.s2d.train.step.Inference;
import org.s2d.train.step.TrainingStep;
import org.s2d.weights.AtomicFile;
import org.s2d.weights.Checkpoint;

/** The epochs and steps of a run. */
final class TrainingLoop {
    /** First number of the random path of dropout and stochastic depth. */
    private static final long STEP_SEEDS = 11;

    private final TrainConfig config;
    private final TrainingRun run;
    private final RunFolder folder;
    private final RunRecords records;
    private final BooleanSupplier stop;
    private final TaskOrder order;
    private final int stepsPerEpoch;
    private final CosineSchedule lr;
    private final CosineSchedule weightDecay;
    private final Progress progress;
    private long lastSave = System.nanoTime();

    /**
     * A loop that has not begun.
     *
     * @param out where progress goes
     * @param stop asked after every step; once true, the loop saves and ends
     */
    TrainingLoop(TrainingRun run, RunFolder folder, RunRecords records, PrintWriter out, BooleanSupplier stop) {
        this.run = run;
        this.folder = folder;
        this.records = records;
        this.stop = stop;
        config = run.config();
        order = new TaskOrder(run.tasks(), config.train().seed());
        stepsPerEpoch = order.stepsPerEpoch();
        lr = Schedules.lr(config, stepsPerEpoch);
        weightDecay = Schedules.weightDecay(config, stepsPerEpoch);
        progress = new Progress(
                out, config.train().epochs(), stepsPerEpoch, config.train().logEvery());
    }

    /** Runs from a position to the end, or until told to stop. */
    Trainer.Outcome run(Position from) {
        Position position = from;
        while (position.epoch() < config.train().epochs()) {
            position = trainEpoch(position);
            if (position.step() < stepsPerEpoch) {
                return stopped(position);
            }
            Position validated = validate(position);
            position = validated.nextEpoch();
            save(position);
            if (stop.getAsBoolean() && position.epoch() < config.train().epochs()) {
                return stopped(position);
            }
        }
        RunPictures.curves(folder);
        try (Checkpoint weights = Checkpoint.open(folder.weights())) {
            RunCard.of(weights).write(folder, null, "");
        }
        progress.say("finished: " + folder.path() + "; see it with ./s2d report " + folder.path());
        return Trainer.Outcome.FINISHED;
    }

    private Trainer.Outcome stopped(Position position) {
        save(position);
        progress.say("stopped at epoch " + (position.epoch() + 1) + ", step " + position.step() + "; saved to "
                + folder.last() + ". Continue with --resume.");
        return Trainer.Outcome.STOPPED;
    }

    /** Trains until the epoch's end, or until told to stop before its last step. */
    private Position trainEpoch(Position from) {
        Position position = from;
        List<TaskOrder.Turn> turns = order.of(position.epoch());
        try {
            while (position.step() < stepsPerEpoch) {
                TrainingStep.Rates rates = rates(position);
                TrainingStep.Result result = run.step(turns.get(position.step()), position.epoch(), rates);
                requireFinite(position, result);
                position = position.after(result);
                progress.step(position, result, rates.lr());
                records.step(position, result, rates, progress.clipsPerSecond());
                // The last step of an epoch is saved after the validation that follows it.
                if (position.step() < stepsPerEpoch) {
                    if (stop.getAsBoolean()) {
                        return position;
                    }
                    saveWhenDue(position);
                }
            }
        } finally {
            run.tasks().forEach(task -> task.batches().close());
        }
        return position;
    }

    private TrainingStep.Rates rates(Position position) {
        SdlSchedule sdl = run.sdlSchedule();
        long seed = RandomStream.of(config.train().seed(), STEP_SEEDS, position.globalStep())
                .nextLong();
        return new TrainingStep.Rates(
                lr.at(position.globalStep()),
                weightDecay.at(position.globalStep()),
                sdl == null ? 0 : sdl.weight(position.epoch()),
                sdl != null && sdl.updatesQueue(position.epoch()),
                seed);
    }

    private void requireFinite(Position position, TrainingStep.Result result) {
        if (!result.isFinite()) {
            throw new UserException("epoch " + (position.epoch() + 1) + ", step " + (position.step() + 1)
                    + ": loss " + result.loss() + ", self-distillation " + result.sdlLoss() + ", gradient norm "
                    + result.gradNorm() + " is not finite. The step was not applied, checkpoints are sound."
                    + " Lower optim.lr or set optim.clip_grad.");
        }
    }

    private void saveWhenDue(Position position) {
        int steps = config.train().saveEverySteps();
        long seconds = config.train().saveEverySeconds();
        boolean bySteps = steps > 0 && position.globalStep() % steps == 0;
        boolean byTime = seconds > 0 && System.nanoTime() - lastSave > seconds * 1_000_000_000L;
        if (bySteps || byTime) {
            save(position);
        }
    }

    private void save(Position position) {
        RunCheckpoint.write(
                folder.last(), run.parts(), position, lr.at(position.globalStep()), AtomicFile.Previous.KEEP);
        lastSave = System.nanoTime();
    }

    /** What the validation of a task found. */
    private record Found(Task task, double loss, ConfusionMatrix matrix) {
        double metric(String name) {
            return name.equals("uar") ? matrix.uar() : matrix.war();
        }

        String text() {
            return String.format(Locale.ROOT, "loss %.4f  UAR %.3f  WAR %.3f", loss, matrix.uar(), matrix.war());
        }
    }

    /** Validates when it is this epoch's turn; keeps the weights that are best on the mean of all tasks. */
    private Position validate(Position position) {
        List<Task> tasks =
                run.tasks().stream().filter(task -> task.validation() != null).toList();
        boolean last = position.epoch() + 1 == config.train().epochs();
        boolean turn = (position.epoch() + 1) % config.train().evalEvery() == 0 || last;
        if (turn && config.reconstructs()) {
            run.drawReconstructions(folder);
        }
        if (tasks.isEmpty() || !turn) {
            return position;
        }
        MovingAverage ema = run.parts().ema();
        if (ema != null) {
            ema.exchange();
        }
        List<Found> found = tasks.stream().map(this::validate).toList();
        Found first = found.getFirst();
        run.parts().facts().validated(position.epoch() + 1, first.loss(), first.matrix());
        double metric = found.stream()
                .mapToDouble(one -> one.metric(config.train().bestMetric()))
                .average()
                .orElseThrow();
        boolean best = metric > position.best();
        Position updated = best ? position.withBest(metric) : position;
        if (best) {
            keepBest(updated, found);
        }
        if (ema != null) {
            ema.exchange();
        }
        tell(updated, found, best);
        return updated;
    }

    private void tell(Position position, List<Found> found, boolean best) {
        Found first = found.getFirst();
        records.epoch(
                position, first.loss(), first.matrix().war(), first.matrix().uar());
        for (Found one : found.subList(1, found.size())) {
            records.secondTask(
                    position, one.loss(), one.matrix().war(), one.matrix().uar());
        }
        List<String> texts = found.stream()
                .map(one -> (found.size() == 1 ? "" : one.task().name() + " ") + one.text())
                .toList();
        progress.say(String.format(
                Locale.ROOT,
                "epoch %d/%d  train loss %.4f accuracy %.3f  validation %s%s",
                position.epoch() + 1,
                config.train().epochs(),
                position.meanLoss(),
                position.accuracy(),
                String.join(",  ", texts),
                best ? "  (best)" : ""));
    }

    private Found validate(Task task) {
        ClipLoader loader = Objects.requireNonNull(task.validation());
        Inference.Result result = run.inference().run(loader, () -> false).orElseThrow();
        return new Found(
                task, result.loss(), result.merged().confusion(task.labels().size()));
    }

    private void keepBest(Position position, List<Found> found) {
        RunCheckpoint.write(
                folder.best(),
                run.parts(),
                position.nextEpoch(),
                lr.at(position.globalStep()),
                AtomicFile.Previous.KEEP);
        String title = "Validation, epoch " + (position.epoch() + 1);
        for (int i = 0; i < found.size(); i++) {
            Task task = found.get(i).task();
            String name = i == 0 ? "confusion.png" : "confusion-" + task.name() + ".png";
            RunPictures.confusion(
                    folder.file(name), title, task.labels(), found.get(i).matrix());
        }
    }
}

package org.s2d.train.results;

import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.s2d.report.RunLog;
import org.s2d.report.events.EventFile;
import org.s2d.train.checkpoint.Position;
import org.s2d.train.step.TrainingStep;

/** The two logs of a run, a row per optimiser step and a row per validated epoch; both also as events for TensorBoard. */
public final class RunRecords implements AutoCloseable {
    static final String STEPS = "steps";
    static final String EPOCHS = "epochs";
    static final String EVENTS = "events.out.tfevents.1.train";

    private static final List<String> STEP_COLUMNS =
            List.of("epoch", "loss", "sdl_loss", "lr", "weight_decay", "grad_norm", "loss_scale", "clips_per_s");
    private static final List<String> EPOCH_COLUMNS =
            List.of("epoch", "train_loss", "train_accuracy", "val_loss", "val_war", "val_uar", "best");

    private final RunLog steps;
    private final RunLog epochs;
    private final EventFile events;

    private RunRecords(RunLog steps, RunLog epochs, EventFile events) {
        this.steps = steps;
        this.epochs = epochs;
        this.events = events;
    }

    /** Logs that go on after the position; rows beyond it belong to a lost future and are dropped. */
    public static RunRecords open(RunFolder folder, Position position) {
        if (position.globalStep() == 0) {
            return new RunRecords(
                    RunLog.create(folder.path(), STEPS, STEP_COLUMNS),
                    RunLog.create(folder.path(), EPOCHS, EPOCH_COLUMNS),
                    EventFile.create(folder.file(EVENTS), InstantSource.system()));
        }
        return new RunRecords(
                RunLog.resume(folder.path(), STEPS, STEP_COLUMNS, position.globalStep()),
                RunLog.resume(folder.path(), EPOCHS, EPOCH_COLUMNS, position.globalStep()),
                EventFile.resume(folder.file(EVENTS), position.globalStep(), InstantSource.system()));
    }

    /** Takes down a step; {@code position} is the one after it. */
    public void step(Position position, TrainingStep.Result result, TrainingStep.Rates rates, double clipsPerSecond) {
        Map<String, Object> row = RunFolder.row(
                "epoch", position.epoch() + 1,
                "loss", result.loss(),
                "sdl_loss", result.sdlLoss(),
                "lr", rates.lr(),
                "weight_decay", rates.weightDecay(),
                "grad_norm", result.gradNorm(),
                "loss_scale", result.lossScale(),
                "clips_per_s", Math.round(clipsPerSecond * 100) / 100.0);
        if (result.skipped()) {
            row.remove("grad_norm"); // infinite
        }
        steps.append(position.globalStep(), row);
        events.scalars(position.globalStep(), tagged("step/", row));
    }

    /** Takes down a validation of the clips at the end of an epoch. */
    public void epoch(Position position, double loss, double war, double uar) {
        Map<String, Object> row = RunFolder.row(
                "epoch",
                position.epoch() + 1,
                "train_loss",
                position.meanLoss(),
                "train_accuracy",
                position.accuracy(),
                "val_loss",
                loss,
                "val_war",
                war,
                "val_uar",
                uar,
                "best",
                position.best());
        epochs.append(position.globalStep(), row);
        events.scalars(position.globalStep(), tagged("epoch/", row));
    }

    /** What the validation of the photographs found, for TensorBoard. */
    public void secondTask(Position position, double loss, double war, double uar) {
        Map<String, Object> row = RunFolder.row("val_loss", loss, "val_war", war, "val_uar", uar);
        events.scalars(position.globalStep(), tagged("photos/", row));
    }

    /** A row's numbers under tags that TensorBoard groups by what stands before the slash. */
    private static Map<String, Double> tagged(String group, Map<String, Object> row) {
        Map<String, Double> values = new LinkedHashMap<>();
        row.forEach((column, value) -> {
            if (value instanceof Number number) {
                values.put(group + column, number.doubleValue());
            }
        });
        return values;
    }

    @Override
    public void close() {
        steps.close();
        epochs.close();
        events.close();
    }
}

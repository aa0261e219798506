package org.s2d.train;

import java.util.List;
import org.s2d.report.RunLog;

/** The two logs of a run: a row per optimiser step, a row per validated epoch. */
final class RunRecords implements AutoCloseable {
    static final String STEPS = "steps";
    static final String EPOCHS = "epochs";

    private static final List<String> STEP_COLUMNS =
            List.of("epoch", "loss", "sdl_loss", "lr", "weight_decay", "grad_norm", "clips_per_s");
    private static final List<String> EPOCH_COLUMNS =
            List.of("epoch", "train_loss", "train_accuracy", "val_loss", "val_war", "val_uar", "best");

    private final RunLog steps;
    private final RunLog epochs;

    private RunRecords(RunLog steps, RunLog epochs) {
        this.steps = steps;
        this.epochs = epochs;
    }

    /** Logs that go on after the position; rows beyond it belong to a lost future and are dropped. */
    static RunRecords open(RunFolder folder, Position position) {
        if (position.globalStep() == 0) {
            return new RunRecords(
                    RunLog.create(folder.path(), STEPS, STEP_COLUMNS),
                    RunLog.create(folder.path(), EPOCHS, EPOCH_COLUMNS));
        }
        return new RunRecords(
                RunLog.resume(folder.path(), STEPS, STEP_COLUMNS, position.globalStep()),
                RunLog.resume(folder.path(), EPOCHS, EPOCH_COLUMNS, position.globalStep()));
    }

    void step(Position position, TrainingStep.Result result, TrainingStep.Rates rates, double clipsPerSecond) {
        steps.append(
                position.globalStep(),
                RunFolder.row(
                        "epoch", position.epoch() + 1,
                        "loss", result.loss(),
                        "sdl_loss", result.sdlLoss(),
                        "lr", rates.lr(),
                        "weight_decay", rates.weightDecay(),
                        "grad_norm", result.gradNorm(),
                        "clips_per_s", Math.round(clipsPerSecond * 100) / 100.0));
    }

    void epoch(Position position, double loss, double war, double uar) {
        epochs.append(
                position.globalStep(),
                RunFolder.row(
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
                        position.best()));
    }

    @Override
    public void close() {
        steps.close();
        epochs.close();
    }
}

package org.s2d.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.tensor.UserException;

class RunLogTest {
    private static final List<String> COLUMNS = List.of("loss", "note");

    @TempDir
    Path folder;

    @Test
    void aRowIsOnDiskBeforeTheLogCloses() throws Exception {
        RunLog log = RunLog.create(folder, "steps", COLUMNS);
        log.append(1, Map.of("loss", 0.5, "note", "a, \"b\""));
        log.append(2, Map.of("loss", Double.NaN));
        assertThat(Files.readString(folder.resolve("steps.csv")))
                .isEqualTo("step,loss,note\n1,0.5,\"a, \"\"b\"\"\"\n2,NaN,\n");
        assertThat(Files.readAllLines(folder.resolve("steps.jsonl")))
                .containsExactly(
                        "{\"step\":1,\"loss\":0.5,\"note\":\"a, \\\"b\\\"\"}", "{\"step\":2,\"loss\":\"NaN\"}");
        log.close();
    }

    @Test
    void resumingDropsRowsAfterTheResumedStepAndAHalfWrittenLine() throws Exception {
        try (RunLog log = RunLog.create(folder, "steps", COLUMNS)) {
            for (int step = 1; step <= 5; step++) {
                log.append(step, Map.of("loss", 1.0 / step));
            }
        }
        Files.writeString(folder.resolve("steps.jsonl"), "{\"step\":6,\"lo", StandardOpenOption.APPEND);
        Files.writeString(folder.resolve("steps.csv"), "6,0.1", StandardOpenOption.APPEND);
        try (RunLog log = RunLog.resume(folder, "steps", COLUMNS, 3)) {
            log.append(4, Map.of("loss", 9.0));
        }
        var rows = RunLog.read(folder.resolve("steps.jsonl"));
        assertThat(RunLog.column(rows, "step")).containsExactly(1, 2, 3, 4);
        assertThat(RunLog.column(rows, "loss")).containsExactly(1, 0.5, 1.0 / 3, 9);
        assertThat(Files.readString(folder.resolve("steps.csv")))
                .isEqualTo("step,loss,note\n1,1.0,\n2,0.5,\n3,0.3333333333333333,\n4,9.0,\n");
    }

    @Test
    void creatingForgetsAnEarlierRunAndResumingWithoutOneStartsFresh() {
        try (RunLog log = RunLog.resume(folder, "epochs", COLUMNS, 7)) {
            log.append(1, Map.of("loss", 1));
        }
        RunLog.create(folder, "epochs", COLUMNS).close();
        assertThat(RunLog.read(folder.resolve("epochs.jsonl"))).isEmpty();
    }

    @Test
    void numbersThatAreNotFiniteComeBack() {
        try (RunLog log = RunLog.create(folder, "steps", COLUMNS)) {
            log.append(1, Map.of("loss", Double.POSITIVE_INFINITY));
            log.append(2, Map.of());
        }
        assertThat(RunLog.column(RunLog.read(folder.resolve("steps.jsonl")), "loss"))
                .containsExactly(Double.POSITIVE_INFINITY, Double.NaN);
    }

    @Test
    void aDamagedLineInTheMiddleIsNamed() throws Exception {
        Files.writeString(folder.resolve("steps.jsonl"), "{\"step\":1}\noops\n{\"step\":2}\n");
        assertThatThrownBy(() -> RunLog.read(folder.resolve("steps.jsonl")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("steps.jsonl:2: found no JSON object");
    }

    @Test
    void unknownColumnsAndFallingStepsAreRefused() {
        try (RunLog log = RunLog.create(folder, "steps", COLUMNS)) {
            log.append(5, Map.of());
            assertThatThrownBy(() -> log.append(4, Map.of())).hasMessageContaining("step 4 after step 5");
            assertThatThrownBy(() -> log.append(6, Map.of("los", 1))).hasMessageContaining("no column los");
        }
    }
}

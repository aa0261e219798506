package org.s2d.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.check.ItemRun.Outcome;
import org.s2d.device.DeviceException;
import org.s2d.tensor.UserException;

class ItemRunTest {
    @TempDir
    Path folder;

    private Path file;
    private final List<String> ran = new ArrayList<>();
    private final StringWriter console = new StringWriter();
    private boolean deviceWorks = true;

    private final List<Item> items = List.of(
            new Item("first", record -> {
                ran.add("first");
                record.put("milliseconds", 2.5);
            }),
            new Item("wrong", record -> {
                ran.add("wrong");
                throw new AssertionError("error 2,\nlimit 1");
            }),
            new Item("last", record -> ran.add("last")));

    @BeforeEach
    void nameFile() {
        file = folder.resolve("items.jsonl");
    }

    private Outcome run(double budget) {
        return new ItemRun(file, budget, () -> deviceWorks, new PrintWriter(console, true)).run(items);
    }

    @Test
    void everyItemGetsALineAndAFailureStopsNothing() throws IOException {
        assertThat(run(60)).isEqualTo(new Outcome(3, 1, 0));
        assertThat(Files.readAllLines(file))
                .hasSize(6)
                .anySatisfy(line -> assertThat(line)
                        .startsWith("{\"item\":\"first\",\"status\":\"passed\",\"milliseconds\":2.5,\"seconds\":"))
                .anySatisfy(line -> assertThat(line)
                        .startsWith("{\"item\":\"wrong\",\"status\":\"failed\",\"message\":\"error 2, limit 1\""));
        assertThat(console.toString()).contains("FAIL wrong: error 2, limit 1", "3 items, 1 failed, 0 not started");
    }

    @Test
    void aSecondRunDoesNothingAndRemembersTheFailure() {
        run(60);
        ran.clear();
        assertThat(run(60)).isEqualTo(new Outcome(3, 1, 0));
        assertThat(ran).isEmpty();
    }

    @Test
    void anItemInWhichTheProcessDiedIsFailedAndNotTriedAgain() throws IOException {
        Files.writeString(file, "{\"started\":\"first\"}\n");
        assertThat(run(60)).isEqualTo(new Outcome(3, 2, 0));
        assertThat(ran).containsExactly("wrong", "last");
    }

    @Test
    void aLineThatWasCutOffIsNoTrouble() throws IOException {
        run(60);
        Files.writeString(file, "{\"item\":\"la", StandardOpenOption.APPEND);
        assertThat(run(60)).isEqualTo(new Outcome(3, 1, 0));
    }

    @Test
    void nothingIsStartedAfterTheBudget() {
        Outcome outcome = run(0);
        assertThat(outcome).isEqualTo(new Outcome(3, 0, 3));
        assertThat(outcome.isComplete()).isFalse();
        assertThat(run(60).isComplete()).isTrue();
    }

    @Test
    void aDeviceThatNoLongerWorksEndsTheRun() {
        deviceWorks = false;
        assertThat(run(60)).isEqualTo(new Outcome(3, 1, 1));
        assertThat(ran).containsExactly("first", "wrong");
    }

    @Test
    void anErrorOfTheDeviceIsAFailureOfItsItem() {
        List<Item> failing = List.of(new Item("launch", record -> {
            throw new DeviceException("gelu_forward_f32: unspecified launch failure");
        }));
        assertThat(new ItemRun(file, 60, () -> true, new PrintWriter(console)).run(failing))
                .isEqualTo(new Outcome(1, 1, 0));
        assertThat(file).content().contains("unspecified launch failure");
    }

    @Test
    void aFileThatCannotBeWrittenIsOneClearLine() {
        file = folder.resolve("missing").resolve("items.jsonl");
        assertThatThrownBy(() -> run(60))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("items.jsonl: cannot be written");
    }
}

package org.s2d.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The trainer as a process of its own, killed and told to stop. */
class KilledTrainerTest {
    /** More of them: {@code mvn test -Dtest=KilledTrainerTest -Ds2d.kills=30}. */
    private static final int KILLS = Integer.getInteger("s2d.kills", 2);

    @TempDir
    Path folder;

    private Process start(Path run, Path list, List<String> more) throws IOException {
        List<String> command = new ArrayList<>();
        for (String setting : TinyClips.everything(list, run)) {
            command.addAll(List.of("--set", setting));
        }
        command.addAll(List.of("--set", "train.save_every_steps=1", "--set", "train.log_every=1"));
        command.addAll(more);
        return TrainerProcess.start(run.resolveSibling(run.getFileName() + ".log"), command);
    }

    private static int finish(Process process) throws InterruptedException {
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
        return process.exitValue();
    }

    @Test
    void killedAtRandomMomentsAndResumedItEndsWithTheSameBits() throws Exception {
        Path list = TinyClips.write(Files.createDirectories(folder.resolve("data")), 24);
        Path straight = folder.resolve("straight");
        long began = System.nanoTime();
        assertThat(finish(start(straight, list, List.of()))).isZero();
        long whole = (System.nanoTime() - began) / 1_000_000;
        Path killed = folder.resolve("killed");
        SplittableRandom random = new SplittableRandom();
        for (int i = 0; i < KILLS; i++) {
            Process process = start(killed, list, List.of("--resume"));
            process.waitFor(whole / 3 + random.nextLong(whole / 3), TimeUnit.MILLISECONDS);
            process.destroyForcibly();
            finish(process);
        }
        assertThat(finish(start(killed, list, List.of("--resume"))))
                .as(() -> log(killed))
                .isZero();
        assertThat(TrainerTest.tensors(killed.resolve("last.pth")))
                .isEqualTo(TrainerTest.tensors(straight.resolve("last.pth")));
        assertThat(TrainerTest.tensors(killed.resolve("best.pth")))
                .isEqualTo(TrainerTest.tensors(straight.resolve("best.pth")));
    }

    @Test
    void toldToStopItSavesAndExitsWithZero() throws Exception {
        Path list = TinyClips.write(Files.createDirectories(folder.resolve("data")), 24);
        Path run = folder.resolve("run");
        Process process = start(run, list, List.of("--set", "train.epochs=1000"));
        for (int i = 0; i < 600 && !Files.exists(run.resolve("last.pth")); i++) {
            assertThat(process.waitFor(100, TimeUnit.MILLISECONDS))
                    .as(() -> log(run))
                    .isFalse();
        }
        process.destroy();
        assertThat(finish(process)).as(() -> log(run)).isZero();
        assertThat(log(run)).contains("Continue with --resume");
    }

    private static String log(Path run) {
        try {
            return Files.readString(run.resolveSibling(run.getFileName() + ".log"));
        } catch (IOException e) {
            return e.toString();
        }
    }
}

package org.s2d.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.tensor.UserException;

class AtomicFileTest {
    @TempDir
    Path folder;

    private void write(String text, AtomicFile.Previous previous) {
        AtomicFile.write(folder.resolve("last.pth"), previous, text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void replacedFileIsKeptWhenAsked() throws IOException {
        write("1", AtomicFile.Previous.KEEP);
        assertThat(AtomicFile.previous(folder.resolve("last.pth"))).doesNotExist();
        write("2", AtomicFile.Previous.KEEP);
        write("3", AtomicFile.Previous.KEEP);
        assertThat(folder.resolve("last.pth")).hasContent("3");
        assertThat(folder.resolve("last.pth.previous")).hasContent("2");
        write("4", AtomicFile.Previous.DISCARD);
        assertThat(folder.resolve("last.pth.previous")).hasContent("2");
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(2);
        }
    }

    @Test
    void remainsOfAKilledWriterAreReplaced() throws IOException {
        write("1", AtomicFile.Previous.KEEP);
        Files.writeString(folder.resolve("last.pth.tmp"), "half");
        // Killed between keeping the old file and renaming the new one: both names are the same file.
        Files.createLink(folder.resolve("last.pth.previous"), folder.resolve("last.pth"));
        Files.createLink(folder.resolve("last.pth.previous.tmp"), folder.resolve("last.pth"));
        write("2", AtomicFile.Previous.KEEP);
        assertThat(folder.resolve("last.pth")).hasContent("2");
        assertThat(folder.resolve("last.pth.previous")).hasContent("1");
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(2);
        }
    }

    @Test
    void failedWritingLeavesTheOldFileAndNoRemains() throws IOException {
        write("old", AtomicFile.Previous.KEEP);
        assertThatThrownBy(() -> AtomicFile.write(folder.resolve("last.pth"), AtomicFile.Previous.KEEP, channel -> {
                    channel.write(ByteBuffer.allocate(10));
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(UserException.class)
                .hasMessage(folder.resolve("last.pth") + ": cannot be written (No space left on device).");
        assertThat(folder.resolve("last.pth")).hasContent("old");
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void placesThatCannotBeWrittenAreNamed() throws IOException {
        Path locked = Files.createDirectory(folder.resolve("locked"));
        assertThatThrownBy(() -> AtomicFile.write(locked, AtomicFile.Previous.DISCARD, new byte[1]))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("is a folder");
        Path orphan = folder.resolve("none").resolve("a.pth");
        assertThatThrownBy(() -> AtomicFile.write(orphan, AtomicFile.Previous.DISCARD, new byte[1]))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("does not exist");
        Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("r-xr-xr-x"));
        assumeFalse(Files.isWritable(locked), "running as a user whom permissions do not stop");
        assertThatThrownBy(() -> AtomicFile.write(locked.resolve("a"), AtomicFile.Previous.DISCARD, new byte[1]))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no permission to write");
    }
}

package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelCacheTest {
    @TempDir
    private Path folder;

    private final AtomicInteger made = new AtomicInteger();

    private Path get(KernelCache cache, String madeFrom) {
        return cache.get(madeFrom, "small", () -> {
            made.incrementAndGet();
            return ("code of " + madeFrom).getBytes(StandardCharsets.UTF_8);
        });
    }

    @Test
    void makesEachEntryOnce() {
        KernelCache cache = new KernelCache(folder.resolve("cache"));
        Path first = get(cache, "a");
        assertThat(first).hasContent("code of a");
        assertThat(get(cache, "a")).isEqualTo(first);
        assertThat(made).hasValue(1);
        assertThat(get(cache, "b")).hasContent("code of b");
        assertThat(made).hasValue(2);
    }

    @Test
    void makesADamagedEntryAgain() throws IOException {
        KernelCache cache = new KernelCache(folder.resolve("cache"));
        Path entry = get(cache, "a");
        Files.writeString(entry, "code");
        assertThat(get(cache, "a")).isEqualTo(entry).hasContent("code of a");
        assertThat(made).hasValue(2);
    }

    @Test
    void foldersThatOthersCanWriteAreNotTrusted() throws IOException {
        Path cache = Files.createDirectory(folder.resolve("cache"));
        Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThat(get(new KernelCache(cache), "a")).hasContent("code of a");
        assertThat(cache).isEmptyDirectory();
    }

    @Test
    void withoutAFolderFilesAreTemporary() {
        assertThat(get(new KernelCache(null), "a")).hasContent("code of a");
    }
}

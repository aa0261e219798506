package org.s2d.device.natives;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoaderCacheTest {
    private static final int X86_64 = 0x0303;
    private static final int X86_32 = 0x0003;

    /** A table as ldconfig writes it. */
    private static byte[] table(String prefix, int flags, String... pairs) {
        ByteArrayOutputStream strings = new ByteArrayOutputStream();
        int count = pairs.length / 2;
        ByteBuffer head = ByteBuffer.allocate(48 + 24 * count).order(ByteOrder.LITTLE_ENDIAN);
        head.put("glibc-ld.so.cache1.1".getBytes(StandardCharsets.US_ASCII)).putInt(count);
        for (int i = 0; i < count; i++) {
            head.putInt(48 + 24 * i, flags);
            for (int j = 0; j < 2; j++) {
                head.putInt(48 + 24 * i + 4 + 4 * j, head.capacity() + strings.size());
                strings.writeBytes((pairs[2 * i + j] + "\0").getBytes(StandardCharsets.US_ASCII));
            }
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(prefix.getBytes(StandardCharsets.US_ASCII));
        all.writeBytes(head.array());
        all.writeBytes(strings.toByteArray());
        return all.toByteArray();
    }

    @Test
    void pathsAreReadInOrder() {
        byte[] table =
                table("", X86_64, "libx.so.1", "/a/libx.so.1", "liby.so", "/b/liby.so", "libx.so.1", "/c/libx.so.1");
        assertThat(LoaderCache.parse(table))
                .containsEntry("libx.so.1", List.of("/a/libx.so.1", "/c/libx.so.1"))
                .containsEntry("liby.so", List.of("/b/liby.so"));
    }

    @Test
    void theOldTableInFrontIsSkipped() {
        assertThat(LoaderCache.parse(table("ld.so-1.7.0-old-one-", X86_64, "libx.so.1", "/a/libx.so.1")))
                .containsKey("libx.so.1");
    }

    @Test
    void librariesOfOtherMachinesAreLeftOut() {
        assertThat(LoaderCache.parse(table("", X86_32, "libx.so.1", "/a/libx.so.1")))
                .isEmpty();
    }

    @Test
    void aDamagedTableIsNone(@TempDir Path folder) throws IOException {
        byte[] table = table("", X86_64, "libx.so.1", "/a/libx.so.1");
        for (int length = 20; length < table.length; length++) {
            Path file = Files.write(folder.resolve("cache"), Arrays.copyOf(table, length));
            assertThat(LoaderCache.read(file)).as("first %d bytes", length).isEmpty();
        }
        assertThat(LoaderCache.read(folder.resolve("none"))).isEmpty();
    }

    @Test
    void theTableOfThisMachineHasItsCLibrary() {
        Path file = Path.of("/etc/ld.so.cache");
        Assumptions.assumeTrue(Files.isReadable(file));
        assertThat(LoaderCache.read(file)).containsKey("libc.so.6");
    }
}

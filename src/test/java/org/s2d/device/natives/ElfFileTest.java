package org.s2d.device.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.device.natives.ElfFile.Text;
import org.s2d.device.natives.ElfFile.VersionNeed;

class ElfFileTest {
    private static final String JCUBLAS = "/lib/libJCublas2-12.6.0-linux-x86_64.so";

    private static byte[] jcublas() throws IOException {
        try (InputStream in = ElfFileTest.class.getResourceAsStream(JCUBLAS)) {
            return in.readAllBytes();
        }
    }

    @Test
    void namesNeedsAndVersionsAreRead() throws IOException {
        ElfFile file = ElfFile.parse(jcublas());
        assertThat(file.soname()).isEqualTo("libJCublas2-12.6.0-linux-x86_64.so");
        assertThat(file.needed())
                .extracting(Text::value)
                .containsExactly(
                        "libpthread.so.0",
                        "librt.so.1",
                        "libdl.so.2",
                        "libcublas.so.12",
                        "libstdc++.so.6",
                        "libc.so.6",
                        "ld-linux-x86-64.so.2");
        assertThat(file.versions())
                .filteredOn(need -> need.file().value().equals("libcublas.so.12"))
                .extracting(need -> need.version().value())
                .containsExactly("libcublas.so.12");
        assertThat(file.versions()).hasSize(16);
    }

    @Test
    void theHashOfAVersionNameIsTheOneInTheFile() throws IOException {
        byte[] bytes = jcublas();
        ElfBytes fields = new ElfBytes(bytes);
        for (VersionNeed need : ElfFile.parse(bytes).versions()) {
            assertThat(Integer.toUnsignedLong(ElfFile.hash(need.version().value())))
                    .as(need.version().value())
                    .isEqualTo(fields.unsigned32(need.hashOffset()));
        }
    }

    @Test
    void damageIsReportedNeverFollowed() throws IOException {
        byte[] good = jcublas();
        Random random = new Random(7);
        // Headers and the dynamic section: all that is read besides names.
        int[][] regions = {{0, 64 + 56 * 9}, {0x152438, 0x240}, {0x14ba0, 0x170}};
        int refused = 0;
        byte[] bad = good.clone();
        for (int i = 0; i < 20_000; i++) {
            int[] region = regions[i % regions.length];
            for (int j = 0; j <= i % 3; j++) {
                bad[region[0] + random.nextInt(region[1])] = (byte) random.nextInt();
            }
            try {
                ElfFile.parse(bad);
            } catch (ElfException e) {
                refused++; // any other exception fails the test
            }
            System.arraycopy(good, region[0], bad, region[0], region[1]);
        }
        assertThat(refused).isPositive();
        for (int length : new int[] {0, 3, 63, 64, 600, 0x9700, 0x14bb0, good.length / 2}) {
            byte[] start = Arrays.copyOf(good, length);
            assertThatThrownBy(() -> ElfFile.parse(start)).isInstanceOf(ElfException.class);
        }
    }

    @Test
    void onlySharedLibrariesOfThisMachineCount(@TempDir Path folder) throws IOException {
        Path file = StandIn.header(folder.resolve("libx.so"));
        assertThat(ElfFile.isSharedLibrary(file)).isTrue();
        byte[] bytes = Files.readAllBytes(file);
        for (int[] change : new int[][] {{0, 0}, {4, 1}, {5, 2}, {16, 2}, {18, 183}}) {
            byte[] other = bytes.clone();
            other[change[0]] = (byte) change[1];
            assertThat(ElfFile.isSharedLibrary(Files.write(file, other)))
                    .as("byte %d is %d", change[0], change[1])
                    .isFalse();
        }
        Files.writeString(file, "INPUT(libreal.so)", StandardCharsets.US_ASCII);
        assertThat(ElfFile.isSharedLibrary(file)).isFalse();
        assertThat(ElfFile.isSharedLibrary(folder.resolve("none"))).isFalse();
    }

    @Test
    void renamingChangesTheNameAndItsHashAndNothingElse() throws IOException {
        byte[] before = jcublas();
        byte[] after = new DependencyRename("libcublas.so.12", "libcublas.so.13").apply(before);
        int different = 0;
        for (int i = 0; i < before.length; i++) {
            different += before[i] == after[i] ? 0 : 1;
        }
        assertThat(different).isEqualTo(2); // the last digit, and the last byte of its hash
        assertThat(ElfFile.parse(after).needed()).extracting(Text::value).contains("libcublas.so.13");
        assertThat(ElfFile.parse(after).versions())
                .filteredOn(need -> need.file().value().equals("libcublas.so.13"))
                .singleElement()
                .satisfies(need -> assertThat(new ElfBytes(after).unsigned32(need.hashOffset()))
                        .isEqualTo(Integer.toUnsignedLong(ElfFile.hash("libcublas.so.13"))));
    }

    @Test
    void renamingWhatIsNotAskedForIsRefused() throws IOException {
        byte[] library = jcublas();
        assertThatThrownBy(() -> new DependencyRename("libnvrtc.so.12", "libnvrtc.so.13").apply(library))
                .isInstanceOf(ElfException.class)
                .hasMessageContaining("does not ask for libnvrtc.so.12");
        assertThatThrownBy(() -> new DependencyRename("libc.so.6", "libc.so.10"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

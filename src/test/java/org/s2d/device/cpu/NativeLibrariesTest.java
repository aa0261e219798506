package org.s2d.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.device.DeviceException;
import org.s2d.device.natives.UserCache;

class NativeLibrariesTest {
    private static final String FOLDER = "org/bytedeco/dnnl/linux-x86_64";
    private static final List<String> SMALL = List.of("libgomp.so.1");

    @TempDir
    Path directory;

    private Path load() throws IOException {
        Path cache = directory.resolve("deep/s2d");
        var symbols = new NativeLibraries(getClass().getClassLoader(), cache).load(FOLDER, SMALL);
        assertThat(symbols.find("omp_set_num_threads")).isPresent();
        assertThat(symbols.find("no_such_function")).isEmpty();
        try (var found = Files.walk(cache)) {
            return found.filter(file -> file.endsWith("libgomp.so.1"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void librariesAreUnpackedIntoAPrivateDirectoryAndReused() throws IOException {
        Path file = load();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("deep/s2d"))))
                .isEqualTo("rwx------");
        FileTime old = FileTime.fromMillis(1_000_000_000_000L);
        Files.setLastModifiedTime(file, old);
        assertThat(load()).isEqualTo(file);
        assertThat(Files.getLastModifiedTime(file)).isEqualTo(old);
        try (var left = Files.list(file.getParent())) {
            assertThat(left).containsExactly(file); // no partial files
        }
    }

    @Test
    void aDamagedCopyIsReplaced() throws IOException {
        Path file = load();
        byte[] good = Files.readAllBytes(file);
        // Replaced, not overwritten: this process has the first copy mapped.
        byte[] flipped = good.clone();
        flipped[flipped.length / 2] ^= 1;
        for (byte[] bad : List.of(flipped, new byte[100])) {
            Files.delete(file);
            Files.write(file, bad);
            assertThat(Files.readAllBytes(load())).isEqualTo(good);
        }
    }

    @Test
    void aCacheThatOthersCanWriteIsNotTrusted() throws IOException {
        Path cache = Files.createDirectories(directory.resolve("shared"));
        Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxrwxrwx"));
        var symbols = new NativeLibraries(getClass().getClassLoader(), cache).load(FOLDER, SMALL);
        assertThat(symbols.find("omp_set_num_threads")).isPresent();
        assertThat(cache).isEmptyDirectory();
    }

    @Test
    void aCacheThatCannotBeMadeIsReplacedByATemporaryDirectory() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        var symbols = new NativeLibraries(getClass().getClassLoader(), file.resolve("s2d")).load(FOLDER, SMALL);
        assertThat(symbols.find("omp_set_num_threads")).isPresent();
    }

    @Test
    void librariesInAFolderOfTheClassPathAreFoundToo() throws IOException {
        Path target = Files.createDirectories(directory.resolve("classes").resolve(FOLDER));
        try (var in = getClass().getClassLoader().getResourceAsStream(FOLDER + "/libgomp.so.1")) {
            Files.copy(java.util.Objects.requireNonNull(in), target.resolve("libgomp.so.1"));
        }
        URL[] path = {directory.resolve("classes").toUri().toURL()};
        try (URLClassLoader loader = new URLClassLoader(path, null)) {
            var symbols = new NativeLibraries(loader, directory.resolve("s2d")).load(FOLDER, SMALL);
            assertThat(symbols.find("omp_set_num_threads")).isPresent();
        }
    }

    @Test
    void aMissingLibraryIsOneClearLine() throws IOException {
        try (URLClassLoader empty = new URLClassLoader(new URL[0], null)) {
            assertThatThrownBy(() -> new NativeLibraries(empty, directory.resolve("s2d")).load(FOLDER, SMALL))
                    .isInstanceOf(DeviceException.class)
                    .hasMessage("cpu: libgomp.so.1 is not on the class path (" + FOLDER
                            + "). Start through ./s2d or add the dnnl jar for linux-x86_64.");
        }
    }

    @Test
    void aFileThatIsNoLibraryIsOneClearLine() throws IOException {
        Path target = Files.createDirectories(directory.resolve("classes/native"));
        Files.writeString(target.resolve("libnone.so"), "text");
        URL[] path = {directory.resolve("classes").toUri().toURL()};
        try (URLClassLoader loader = new URLClassLoader(path, null)) {
            assertThatThrownBy(() ->
                            new NativeLibraries(loader, directory.resolve("s2d")).load("native", List.of("libnone.so")))
                    .isInstanceOf(DeviceException.class)
                    .hasMessageStartingWith("cpu: cannot load libnone.so: ")
                    .hasMessageContaining("XDG_CACHE_HOME")
                    .hasMessageNotContaining(System.lineSeparator());
        }
    }

    @Test
    void otherPlatformsAreRefused() {
        assertThatThrownBy(() -> NativeLibraries.requireLinuxX64("Mac OS X", "aarch64"))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("this is Mac OS X aarch64");
        assertThatThrownBy(() -> NativeLibraries.requireLinuxX64("Linux", "aarch64"))
                .isInstanceOf(DeviceException.class);
        assertThatCode(() -> NativeLibraries.requireLinuxX64("Linux", "amd64")).doesNotThrowAnyException();
    }

    @Test
    void theCacheDirectoryFollowsXdg() {
        assertThat(UserCache.location("/c", "/home/u")).isEqualTo(Path.of("/c/s2d"));
        assertThat(UserCache.location(null, "/home/u")).isEqualTo(Path.of("/home/u/.cache/s2d"));
        assertThat(UserCache.location("relative", "/home/u")).isEqualTo(Path.of("/home/u/.cache/s2d"));
        assertThat(UserCache.location(null, "?")).isNull();
    }
}

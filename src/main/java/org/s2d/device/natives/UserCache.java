package org.s2d.device.natives;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where native code of ours lies between runs: a folder that nobody but the user can write, since it is executed. */
public final class UserCache {
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");

    private UserCache() {}

    /** The folder of the user who runs this process, null when there is no home. */
    public static @Nullable Path ofProcess() {
        return location(System.getenv("XDG_CACHE_HOME"), System.getProperty("user.home"));
    }

    public static @Nullable Path location(@Nullable String xdgCacheHome, @Nullable String home) {
        if (xdgCacheHome != null && Path.of(xdgCacheHome).isAbsolute()) {
            return Path.of(xdgCacheHome, "s2d");
        }
        return home == null || !Path.of(home).isAbsolute() ? null : Path.of(home, ".cache", "s2d");
    }

    /** The directory, made or checked to be writable by nobody else. */
    public static Path privateDirectory(Path directory) throws IOException {
        Files.createDirectories(directory.toAbsolutePath().getParent());
        try {
            return Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(PRIVATE));
        } catch (FileAlreadyExistsException e) {
            Set<PosixFilePermission> others =
                    EnumSet.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);
            others.retainAll(Files.getPosixFilePermissions(directory));
            Object owner = Files.getAttribute(directory, "unix:uid");
            if (!others.isEmpty() || !owner.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
                throw new IOException(directory + " belongs to or is writable by other users", e);
            }
            return directory;
        }
    }

    /**
     * Makes {@code cache/KIND-HASH/NAME} hold the content and returns it; HASH is the content's. An intact file stays as it
     * is, another one is replaced in one step, so that processes that do this at the same time never see half a file.
     */
    public static Path store(Path cache, String kind, String name, byte[] content) throws IOException {
        Path folder = privateDirectory(privateDirectory(cache).resolve(kind + "-" + hash(content)));
        Path file = folder.resolve(name);
        if (Files.isRegularFile(file) && Arrays.equals(Files.readAllBytes(file), content)) {
            return file;
        }
        Path partial = Files.createTempFile(folder, "partial", null);
        try {
            Files.write(partial, content);
            Files.setPosixFilePermissions(partial, PRIVATE);
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(partial);
        }
        return file;
    }

    private static String hash(byte[] content) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}

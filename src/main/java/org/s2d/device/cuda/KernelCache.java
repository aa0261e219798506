package org.s2d.device.cuda;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;
import org.s2d.device.natives.Machine;
import org.s2d.device.natives.UserCache;

/**
 * Compiled kernels between runs: {@code FOLDER/kernels/KEY/NAME-CHECK.image}. KEY is the hash of all that they were made from,
 * CHECK that of the content, so that half a file or a damaged one is not taken for a whole.
 *
 * @param folder null where there is none: then files last as long as this process
 */
record KernelCache(@Nullable Path folder) {
    private static final String END = ".image";

    /** Of the user who runs this process. */
    static KernelCache ofUser() {
        return new KernelCache(UserCache.ofProcess());
    }

    /** The entry, made if it is not there or damaged. A folder that cannot be written is no reason to fail. */
    Path get(String madeFrom, String name, Supplier<byte[]> make) {
        String key = hash(madeFrom);
        return find(key, name).orElseGet(() -> {
            byte[] content = make.get();
            try {
                return folder == null ? temporary(name, content) : store(folder, key, name, content);
            } catch (IOException e) {
                return temporary(name, content);
            }
        });
    }

    private Optional<Path> find(String key, String name) {
        if (folder == null) {
            return Optional.empty();
        }
        return Machine.list(folder.resolve("kernels").resolve(key), name + "-*" + END).stream()
                .filter(file -> isIntact(file, name))
                .findFirst();
    }

    private static boolean isIntact(Path file, String name) {
        try {
            return Machine.fileName(file).equals(fileName(name, Files.readAllBytes(file)));
        } catch (IOException e) {
            return false; // as good as not there
        }
    }

    private static Path store(Path folder, String key, String name, byte[] content) throws IOException {
        Path kernels =
                UserCache.privateDirectory(UserCache.privateDirectory(folder).resolve("kernels"));
        Path entry = UserCache.privateDirectory(kernels.resolve(key));
        Path partial = Files.createTempFile(entry, "partial", null);
        try {
            Files.write(partial, content);
            return Files.move(partial, entry.resolve(fileName(name, content)), StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    private static Path temporary(String name, byte[] content) {
        try {
            Path file = Files.createTempFile("s2d-" + name, END);
            file.toFile().deleteOnExit();
            return Files.write(file, content);
        } catch (IOException e) {
            throw new DeviceException("cuda: no place for compiled kernels: " + e + ". Set XDG_CACHE_HOME.", e);
        }
    }

    private static String fileName(String name, byte[] content) {
        return name + "-" + hash(content) + END;
    }

    static String hash(String text) {
        return hash(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Eight bytes of SHA-256, in hexadecimal. */
    static String hash(byte[] content) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}

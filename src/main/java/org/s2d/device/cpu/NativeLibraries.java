package org.s2d.device.cpu;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;
import org.s2d.device.natives.UserCache;

/**
 * Shared libraries that travel inside a jar. They are unpacked once into a directory that only the user can write, found
 * there by size and checksum in later runs, and stay loaded until the process ends. Where that directory cannot be used
 * (read-only, not private, mounted noexec), a temporary one is.
 */
@SuppressWarnings("restricted") // loading native code is its purpose
final class NativeLibraries {
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rwx------");

    private final ClassLoader resources;
    private final @Nullable Path cache;

    /** @param cache where to unpack, null for the temporary directory */
    NativeLibraries(ClassLoader resources, @Nullable Path cache) {
        this.resources = resources;
        this.cache = cache;
    }

    /** Those of this program's class path, unpacked below the user's cache directory. */
    static NativeLibraries ofUser() {
        return new NativeLibraries(NativeLibraries.class.getClassLoader(), UserCache.ofProcess());
    }

    /** Throws when oneDNN is not built for this machine. */
    static void requireLinuxX64(String osName, String osArch) {
        if (!osName.equals("Linux") || !Set.of("amd64", "x86_64").contains(osArch)) {
            throw new DeviceException("cpu: oneDNN is packed for Linux x86_64, this is " + osName + " " + osArch
                    + ". Run on such a machine, or use --device reference for small checks.");
        }
    }

    /**
     * Loads libraries in the given order and looks symbols up in all of them.
     *
     * @param folder resource folder without a trailing slash
     */
    SymbolLookup load(String folder, List<String> names) {
        String refusal = "no cache directory";
        if (cache != null) {
            try {
                return open(unpack(UserCache.privateDirectory(cache), folder, names), names);
            } catch (IOException | IllegalArgumentException e) {
                refusal = e.toString();
            }
        }
        try {
            Path temporary = Files.createTempDirectory("s2d-native");
            try {
                return open(unpack(temporary, folder, names), names);
            } finally {
                removeQuietly(temporary); // what is loaded stays mapped
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new DeviceException(
                    "cpu: cannot load " + names.getLast() + ": " + refusal + "; " + e
                            + ". Make a directory writable and executable for this user and name it in XDG_CACHE_HOME.",
                    e);
        }
    }

    private static SymbolLookup open(Path directory, List<String> names) {
        SymbolLookup all = name -> Optional.empty();
        for (String name : names) {
            SymbolLookup next = SymbolLookup.libraryLookup(directory.resolve(name), Arena.global());
            all = all.or(next);
        }
        return all;
    }

    private Path unpack(Path parent, String folder, List<String> names) throws IOException {
        // One directory per build of the library, so that versions side by side do not overwrite each other.
        Path directory =
                parent.resolve("native-" + find(folder, names.getLast()).checksumText());
        Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PRIVATE));
        for (String name : names) {
            Resource resource = find(folder, name);
            Path file = directory.resolve(name);
            if (!resource.isSameAs(file)) {
                write(resource, file);
            }
        }
        return directory;
    }

    /** Another process may do the same at the same time: each moves a complete file into place. */
    private static void write(Resource resource, Path file) throws IOException {
        Path partial = Files.createTempFile(file.getParent(), "partial", null);
        try (InputStream in = resource.url.openStream()) {
            Files.copy(in, partial, StandardCopyOption.REPLACE_EXISTING);
            if (!resource.isSameAs(partial)) {
                throw new IOException(resource.url + " is damaged");
            }
            Files.setPosixFilePermissions(partial, PRIVATE);
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    private Resource find(String folder, String name) throws IOException {
        URL url = resources.getResource(folder + "/" + name);
        if (url == null) {
            throw new DeviceException("cpu: " + name + " is not on the class path (" + folder
                    + "). Start through ./s2d or add the dnnl jar for linux-x86_64.");
        }
        URLConnection connection = url.openConnection();
        if (connection instanceof JarURLConnection jar) {
            // The jar's own table has both, so that a warm start does not unpack 90 MB to compare.
            return new Resource(
                    url, jar.getJarEntry().getSize(), jar.getJarEntry().getCrc());
        }
        try (InputStream in = connection.getInputStream()) {
            Sum sum = Sum.of(in);
            return new Resource(url, sum.size, sum.crc);
        }
    }

    private static void removeQuietly(Path directory) {
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            // A leftover in the temporary directory is no reason to fail.
            directory.toFile().deleteOnExit();
        }
    }

    /** A checksum against damage, not against attackers: those are kept out by the directory's permissions. */
    private record Resource(URL url, long size, long crc) {
        boolean isSameAs(Path file) throws IOException {
            if (!Files.isRegularFile(file) || Files.size(file) != size) {
                return false;
            }
            try (InputStream in = Files.newInputStream(file, StandardOpenOption.READ)) {
                return Sum.of(in).crc == crc;
            }
        }

        String checksumText() {
            return "%08x".formatted(crc);
        }
    }

    private record Sum(long size, long crc) {
        static Sum of(InputStream in) throws IOException {
            CRC32 crc = new CRC32();
            byte[] buffer = new byte[1 << 16];
            long size = 0;
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                crc.update(buffer, 0, read);
                size += read;
            }
            return new Sum(size, crc.getValue());
        }
    }
}

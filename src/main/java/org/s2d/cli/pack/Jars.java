package org.s2d.cli.pack;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.Predicate;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Jar files made for the archive. Their entries are stored, not compressed: the archive is compressed as a whole, which
 * makes it smaller.
 */
final class Jars {
    /** JCuda's libraries that we never load; one of them alone is 24 MB. */
    private static final Set<String> UNUSED = Set.of("libJNvPTXCompiler", "libJCudaRuntime", "libJCublas");

    private Jars() {}

    /** A jar of the program's classes; benchmarks stay behind. */
    static byte[] ofClasses(Path classes) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream jar = new ZipOutputStream(bytes);
                var files = Files.walk(classes)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                String name = classes.relativize(file).toString();
                if (!name.startsWith("org/s2d/bench/") && !name.startsWith("META-INF/")) {
                    store(jar, name, Files.readAllBytes(file));
                }
            }
        }
        return bytes.toByteArray();
    }

    /** A copy of a jar without native libraries that the program never loads. */
    static byte[] ofLibrary(Path library) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Predicate<String> unused = name -> UNUSED.stream().anyMatch(start -> name.startsWith("lib/" + start + "-"));
        try (ZipOutputStream jar = new ZipOutputStream(bytes);
                ZipFile source = new ZipFile(library.toFile())) {
            for (ZipEntry entry : source.stream().toList()) {
                if (!entry.isDirectory() && !unused.test(entry.getName())) {
                    try (InputStream in = source.getInputStream(entry)) {
                        store(jar, entry.getName(), in.readAllBytes());
                    }
                }
            }
        }
        return bytes.toByteArray();
    }

    private static void store(ZipOutputStream jar, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setTime(0);
        jar.setLevel(0);
        jar.putNextEntry(entry);
        jar.write(content);
        jar.closeEntry();
    }
}

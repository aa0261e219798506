package org.s2d.cli.pack;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.Deflater;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipParameters;

/** Writes a compressed tar archive with nothing of the machine in it, no owner and no times: the same content gives the same bytes. */
final class TarGzWriter implements AutoCloseable {
    private static final int PROGRAM = 0755;
    private static final int TEXT = 0644;

    private final TarArchiveOutputStream tar;

    TarGzWriter(Path file) throws IOException {
        GzipParameters parameters = new GzipParameters();
        parameters.setCompressionLevel(Deflater.BEST_COMPRESSION);
        tar = new TarArchiveOutputStream(
                new GzipCompressorOutputStream(new BufferedOutputStream(Files.newOutputStream(file)), parameters));
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    }

    /** Adds a file under a relative name. */
    void file(String name, Path content, boolean executable) throws IOException {
        file(name, Files.readAllBytes(content), executable);
    }

    void file(String name, byte[] content, boolean executable) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(content.length);
        entry.setMode(executable ? PROGRAM : TEXT);
        entry.setModTime(0);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    private void link(String name, String target) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
        entry.setLinkName(target);
        entry.setModTime(0);
        tar.putArchiveEntry(entry);
        tar.closeArchiveEntry();
    }

    /** Adds everything below a folder but what Python compiled, in the order of names; links stay links. */
    void tree(String name, Path folder) throws IOException {
        try (var entries = Files.walk(folder).filter(entry -> !entry.toString().contains("__pycache__"))) {
            for (Path entry : entries.sorted().toList()) {
                String inside = name + "/" + folder.relativize(entry);
                if (Files.isSymbolicLink(entry)) {
                    link(inside, Files.readSymbolicLink(entry).toString());
                } else if (Files.isRegularFile(entry)) {
                    file(inside, entry, Files.isExecutable(entry));
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        tar.close();
    }
}

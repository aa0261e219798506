package org.s2d.cli.pack;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.spi.ToolProvider;
import org.s2d.device.cuda.NvccBuild;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.ModelCard;

/**
 * The program with everything it needs, as one archive: a Java runtime of only the needed modules, the program and its
 * libraries, the kernels as sources and, where there is nvcc, compiled, the reference cases and a launcher. It starts on Linux
 * x86-64 without Java.
 *
 * @param home the checkout: sources, with the built program below {@code target}
 * @param lean without the native libraries of the CPU, of videos and of face detection, for machines that compute on a GPU
 */
public record Distribution(Path home, boolean lean) {
    /** Of Java: what classes and libraries refer to, and the Vector API. */
    private static final String MODULES = "java.base,java.desktop,java.logging,jdk.incubator.vector";

    /** Below {@code target/lib}, needed by nothing but benchmarks. */
    private static final List<String> BENCHMARK_JARS = List.of("jmh-", "jopt-simple-", "commons-math3-");

    /** Natives of the CPU, of videos and of face detection: the lean archive is for machines that train and measure on a GPU. */
    private static final List<String> LEFT_IN_LEAN = List.of("dnnl-", "ffmpeg-", "opencv-", "openblas-", "javacpp-");

    private static final List<String> FOLDERS = List.of("kernels", "tools", "weights");
    private static final List<String> FILES =
            List.of("README.md", "docs/third-party.md", "docs/gpu-check.md", "bench/reference/s2d_base.json");

    /** The checkout that this program was built in; throws {@link UserException} when it runs from an archive. */
    public static Path ownHome() {
        try {
            Path classes = Path.of(Distribution.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            Path target = classes.getParent();
            if (Files.isDirectory(classes) && target != null && target.getParent() != null) {
                return target.getParent();
            }
        } catch (URISyntaxException e) {
            throw new AssertionError("a class path entry is a URI", e);
        }
        throw new UserException("package: this program is packed already. Run ./s2d package in a checkout.");
    }

    /** Name of the folder in the archive, and of the archive without its ending. */
    public String name() {
        return "s2d-" + ModelCard.VERSION + (lean ? "-lean" : "") + "-linux-x86_64";
    }

    /** Writes the archive; replaces the file only when it is complete. */
    public void write(Path archive) throws IOException {
        Path folder = archive.toAbsolutePath().getParent();
        Files.createDirectories(folder);
        Path work = Files.createTempDirectory(folder, "package");
        try {
            Path runtime = work.resolve("runtime");
            link(runtime);
            Path partial = work.resolve("archive");
            try (TarGzWriter tar = new TarGzWriter(partial)) {
                tar.file(name() + "/s2d", launcher(), true);
                tar.tree(name() + "/runtime", runtime);
                addProgram(tar);
                addTexts(tar);
            }
            Files.move(partial, archive, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            remove(work);
        }
    }

    private void addProgram(TarGzWriter tar) throws IOException {
        Path target = home.resolve("target");
        NvccBuild.run(target, NvccBuild.ARCHITECTURES);
        tar.file(name() + "/lib/s2d.jar", Jars.ofClasses(target.resolve("classes")), false);
        try (var libraries = Files.list(target.resolve("lib"))) {
            for (Path library : libraries.sorted().toList()) {
                String file = String.valueOf(library.getFileName());
                boolean left = BENCHMARK_JARS.stream().anyMatch(file::startsWith)
                        || (lean && LEFT_IN_LEAN.stream().anyMatch(file::startsWith));
                if (file.endsWith(".jar") && !left) {
                    tar.file(name() + "/lib/" + file, Jars.ofLibrary(library), false);
                }
            }
        }
    }

    private void addTexts(TarGzWriter tar) throws IOException {
        for (String folder : FOLDERS) {
            if (Files.isDirectory(home.resolve(folder))) {
                tar.tree(name() + "/" + folder, home.resolve(folder));
            }
        }
        for (String file : FILES) {
            tar.file(name() + "/" + file, home.resolve(file), false);
        }
    }

    /** Modules uncompressed: the archive's own compression sees them all at once and does better. */
    private static void link(Path runtime) {
        ToolProvider jlink = ToolProvider.findFirst("jlink")
                .orElseThrow(() -> new UserException("package: this Java has no jlink. Run with a full JDK."));
        StringWriter text = new StringWriter();
        PrintWriter writer = new PrintWriter(text);
        int code = jlink.run(
                writer,
                writer,
                "--add-modules",
                MODULES,
                "--strip-debug",
                "--no-header-files",
                "--no-man-pages",
                "--compress=zip-0",
                "--output",
                runtime.toString());
        if (code != 0) {
            throw new UserException("package: jlink failed: " + text.toString().strip());
        }
    }

    private static byte[] launcher() throws IOException {
        try (InputStream in = Distribution.class.getResourceAsStream("launcher.sh")) {
            if (in == null) {
                throw new IOException("launcher.sh is missing from the class path");
            }
            return in.readAllBytes();
        }
    }

    private static void remove(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        }
    }
}

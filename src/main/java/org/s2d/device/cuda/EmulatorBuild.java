package org.s2d.device.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.s2d.device.DeviceException;
import org.s2d.device.natives.UserCache;

/**
 * Builds the emulator and, for it, the kernels with g++. Results lie in a cache folder under the hash of all their sources and
 * options, so that each is built once.
 */
public final class EmulatorBuild implements KernelImages {
    /** Which errors the built code looks for by itself. */
    public enum Checks {
        /** Alignment of vector accesses, besides what the emulator checks. */
        NORMAL("-fsanitize=alignment", ""),
        /**
         * AddressSanitizer and UndefinedBehaviorSanitizer: every access outside of a buffer ends the process with a report that
         * names kernel and line. The process must have been started with the sanitizers loaded; the error where it was not says how.
         */
        SANITIZERS(
                "-g1 -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer",
                "-fsanitize=address,undefined");

        /** The system property that chooses the sanitizers. */
        public static final String PROPERTY = "s2d.emulator.sanitize";

        private final String compile;
        private final String link;

        Checks(String compile, String link) {
            this.compile = compile;
            this.link = link;
        }

        private static List<String> list(String options) {
            return options.isEmpty() ? List.of() : List.of(options.split(" "));
        }

        /** What the system property says. */
        public static Checks ofProcess() {
            return Boolean.getBoolean(PROPERTY) ? SANITIZERS : NORMAL;
        }
    }

    private static final String CORE = "emulator/emulator.cpp";
    private static final List<String> OPTIONS = List.of(
            "-std=c++20",
            "-O1",
            "-fPIC",
            "-fvisibility=hidden",
            "-fno-strict-aliasing", // as nvcc
            "-ffp-contract=off",
            "-w"); // warnings are for the compiler of the device
    /** Lets {@code fmaf} be an instruction where the processor has it; the bits are the same. */
    private static final List<String> FUSED = processorHas("fma") ? List.of("-mfma") : List.of();

    private static final Pattern KERNEL = Pattern.compile("S2D_KERNEL\\s+void\\s+(\\w+)\\s*\\(");

    private final KernelSources sources;
    private final Path cache;
    private final Checks checks;
    private final String compiler;

    /** @param cache an existing folder, or one to be made below an existing one */
    public EmulatorBuild(KernelSources sources, Path cache, Checks checks) {
        this(sources, cache, checks, compiler());
    }

    EmulatorBuild(KernelSources sources, Path cache, Checks checks, String compiler) {
        this.sources = sources;
        this.cache = cache;
        this.checks = checks;
        this.compiler = compiler;
    }

    /** The command that builds: {@code g++}, or what the environment names in CXX. */
    public static String compiler() {
        return Optional.ofNullable(System.getenv("CXX")).orElse("g++");
    }

    /** Of this checkout's kernels, in the user's cache. */
    public static EmulatorBuild ofUser() {
        Path cache = UserCache.ofProcess();
        if (cache == null) {
            throw new DeviceException("emulator: no home directory to build in. Set XDG_CACHE_HOME.");
        }
        return new EmulatorBuild(KernelSources.ofCheckout(), cache, Checks.ofProcess());
    }

    /** The emulator's own library. */
    public Path core() {
        requireSanitizerRuntime();
        return build("core", CORE, List.of());
    }

    @Override
    public Path image(String file) {
        return build(file, file + ".cu", List.of("emulator/module.h"));
    }

    /** Names of the entry points of {@code FILE.cu}. */
    public List<String> entryPoints(String file) {
        List<String> command = command("-std=c++20", "-E", "-P", "-DS2D_EMULATOR", "-DS2D_LIST_KERNELS", "-x", "c++");
        command.add(sources.find(file + ".cu").toString());
        Matcher names = KERNEL.matcher(execute(command, file));
        List<String> found = new ArrayList<>();
        while (names.find()) {
            found.add(names.group(1));
        }
        return found;
    }

    private Path build(String name, String source, List<String> headers) {
        List<String> inputs = new ArrayList<>(headers);
        inputs.add(source);
        Map<String, String> texts = sources.closure(inputs.toArray(String[]::new));
        Path folder = cache.resolve(
                "emulator-" + KernelCache.hash(texts.toString() + OPTIONS + FUSED + checks.compile + compiler));
        Path library = folder.resolve(name + ".so");
        if (Files.isRegularFile(library)) {
            return library;
        }
        try {
            UserCache.privateDirectory(cache);
            UserCache.privateDirectory(folder);
            Path work = Files.createTempDirectory(folder, "work");
            try {
                Path unit = work.resolve(name + ".cpp");
                Files.writeString(unit, headers.isEmpty() ? include(source) : module(name));
                Path object = work.resolve(name + ".o");
                compile(unit, object, name);
                Path partial = work.resolve(name + ".so");
                link(object, partial, name);
                Files.move(partial, library, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                remove(work);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("emulator: cannot build in " + folder, e);
        }
        return library;
    }

    private static boolean processorHas(String flag) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.anyMatch(line -> line.startsWith("flags") && (line + " ").contains(" " + flag + " "));
        } catch (IOException e) {
            return false;
        }
    }

    private static String include(String source) {
        return "#include \"" + source + "\"\n";
    }

    /** The kernels followed by the table of their entry points. */
    private String module(String file) {
        String entries = String.join(
                ",\n    ",
                entryPoints(file).stream()
                        .map(name -> "S2D_ENTRY(" + name + ")")
                        .toList());
        return include("emulator/module.h") + include(file + ".cu") + "S2D_MODULE(\n    " + entries + ")\n";
    }

    private void compile(Path unit, Path object, String name) {
        List<String> command = command();
        command.addAll(OPTIONS);
        command.addAll(FUSED);
        command.addAll(Checks.list(checks.compile));
        command.addAll(List.of("-DS2D_EMULATOR", "-c", "-o", object.toString(), unit.toString()));
        execute(command, name);
    }

    private void link(Path object, Path library, String name) {
        List<String> command = command("-shared", "-o", library.toString(), object.toString(), "-ldl");
        command.addAll(Checks.list(checks.link));
        execute(command, name);
    }

    private List<String> command(String... options) {
        List<String> command = new ArrayList<>();
        command.add(compiler);
        sources.roots().forEach(root -> command.add("-I" + root));
        command.addAll(List.of(options));
        return command;
    }

    private String execute(List<String> command, String name) {
        String missing = "emulator: it is built with g++ (12 or later), and there is no " + compiler
                + " on this machine. Install it (Debian: apt-get install g++), or name it in CXX.";
        return CompilerRun.run(command, "emulator: building " + name, missing);
    }

    /** AddressSanitizer refuses, with the whole process, to be loaded late. */
    private void requireSanitizerRuntime() {
        if (checks != Checks.SANITIZERS) {
            return;
        }
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            if (maps.noneMatch(line -> line.contains("libasan"))) {
                throw new DeviceException("emulator: the sanitizers must be loaded first. Start with LD_PRELOAD=\""
                        + "$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so)\""
                        + " ASAN_OPTIONS=detect_leaks=0,handle_segv=0.");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Removes a folder and what is in it. */
    static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        }
    }
}

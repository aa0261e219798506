package org.s2d.device.cuda.lib;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.s2d.device.natives.Machine;

/** Folders in which users have NVIDIA's libraries. Those that do not exist are left out. */
final class LibraryFolders {
    /** Besides the usual ones, where Windows' Linux, container runtimes and NixOS put the driver. */
    private static final List<String> SYSTEM = List.of(
            "/lib/x86_64-linux-gnu",
            "/usr/lib/x86_64-linux-gnu",
            "/lib64",
            "/usr/lib64",
            "/usr/lib",
            "/usr/lib/wsl/lib",
            "/usr/local/nvidia/lib64",
            "/usr/local/lib",
            "/run/opengl-driver/lib");

    private static final List<String> TOOLKIT_VARIABLES = List.of("CUDA_HOME", "CUDA_PATH");
    private static final List<String> TOOLKIT_FOLDERS = List.of("lib64", "targets/x86_64-linux/lib", "lib");

    private final Machine machine;

    LibraryFolders(Machine machine) {
        this.machine = machine;
    }

    List<Path> system() {
        return SYSTEM.stream().map(machine::at).filter(Files::isDirectory).toList();
    }

    /** Of the toolkits that the environment names, then of the installed ones, the newest first. */
    List<Path> toolkits() {
        Set<Path> roots = new LinkedHashSet<>();
        TOOLKIT_VARIABLES.forEach(name -> machine.folder(name).ifPresent(roots::add));
        roots.add(machine.at("/usr/local/cuda"));
        roots.addAll(Machine.list(machine.at("/usr/local"), "cuda-*"));
        roots.add(machine.at("/opt/cuda"));
        roots.add(machine.at("/usr/lib/cuda"));
        return below(roots.stream(), TOOLKIT_FOLDERS);
    }

    /** Of the wheels and conda packages that the active and the installed Pythons see. */
    List<Path> python() {
        List<Path> folders = new ArrayList<>();
        machine.folder("CONDA_PREFIX").ifPresent(conda -> folders.addAll(below(Stream.of(conda), TOOLKIT_FOLDERS)));
        for (Path packages : sitePackages()) {
            Machine.list(packages.resolve("nvidia"), "*").forEach(part -> folders.add(part.resolve("lib")));
            folders.add(packages.resolve("torch/lib"));
        }
        return folders.stream().filter(Files::isDirectory).toList();
    }

    /** The folders where Pythons keep packages: active environment, PYTHONPATH, PATH, the user's own, pyenv's. */
    private Set<Path> sitePackages() {
        Set<Path> prefixes = new LinkedHashSet<>();
        machine.folder("VIRTUAL_ENV").ifPresent(prefixes::add);
        machine.folder("CONDA_PREFIX").ifPresent(prefixes::add);
        for (Path bin : machine.folders("PATH")) {
            Path prefix = bin.getParent();
            if (prefix != null && (Files.exists(bin.resolve("python3")) || Files.exists(bin.resolve("python")))) {
                prefixes.add(prefix);
            }
        }
        machine.folder("HOME").ifPresent(home -> prefixes.add(home.resolve(".local")));
        Path pyenv = machine.folder("PYENV_ROOT")
                .or(() -> machine.folder("HOME").map(home -> home.resolve(".pyenv")))
                .orElse(machine.root());
        prefixes.addAll(Machine.list(pyenv.resolve("versions"), "*"));
        Set<Path> packages = new LinkedHashSet<>();
        packages.addAll(machine.folders("PYTHONPATH"));
        prefixes.forEach(prefix -> packages.addAll(packagesOf(prefix)));
        return packages;
    }

    private static List<Path> packagesOf(Path prefix) {
        List<Path> packages = new ArrayList<>();
        for (String lib : List.of("lib", "lib64", "local/lib")) {
            for (Path python : Machine.list(prefix.resolve(lib), "python3*")) {
                packages.add(python.resolve("site-packages"));
                packages.add(python.resolve("dist-packages"));
            }
        }
        return packages.stream().filter(Files::isDirectory).toList();
    }

    private static List<Path> below(Stream<Path> roots, List<String> names) {
        return roots.flatMap(root -> names.stream().map(root::resolve))
                .filter(Files::isDirectory)
                .toList();
    }
}

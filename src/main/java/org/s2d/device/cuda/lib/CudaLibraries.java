package org.s2d.device.cuda.lib;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;
import org.s2d.device.cuda.lib.FoundLibrary.Origin;
import org.s2d.device.natives.ElfFile;
import org.s2d.device.natives.LoaderCache;
import org.s2d.device.natives.Machine;

/**
 * The libraries that the CUDA backend would load on a machine: one CUDA version, the newest that is installed and that
 * the driver can run. Finding them loads nothing.
 *
 * @param found what there is
 * @param cudaMajor CUDA version of {@code found}, or that of the libraries to install when there are none
 * @param beyondDriver libraries that are installed but too new for the driver
 */
public record CudaLibraries(Map<CudaLibrary, FoundLibrary> found, int cudaMajor, List<FoundLibrary> beyondDriver) {
    /** First driver release of CUDA 13. Drivers run programs of their own CUDA version and of older ones. */
    private static final int FIRST_RELEASE_OF_13 = 580;

    /** Looks for all of them. */
    public static CudaLibraries find(Machine machine) {
        Search search = new Search(machine);
        Map<CudaLibrary, FoundLibrary> found = new EnumMap<>(CudaLibrary.class);
        search.add(CudaLibrary.DRIVER, 0, found);
        int limit = cudaMajorOf(found.get(CudaLibrary.DRIVER));
        int major = search.newestUpTo(limit);
        for (CudaLibrary library : CudaLibrary.values()) {
            search.add(library, major, found);
        }
        List<FoundLibrary> beyond = new ArrayList<>();
        for (int newer : CudaLibrary.CUDA_MAJORS) {
            if (newer > limit) {
                search.first(CudaLibrary.CUBLAS, newer).ifPresent(beyond::add);
            }
        }
        return new CudaLibraries(found, major, beyond);
    }

    private static int cudaMajorOf(@Nullable FoundLibrary driver) {
        if (driver == null || driver.version() == null) {
            return CudaLibrary.CUDA_MAJORS[0];
        }
        int release = Integer.parseInt(driver.version().replaceFirst("\\..*", ""));
        boolean known = release >= 100; // Windows' Linux calls its file 1.1, whatever the driver
        return !known || release >= FIRST_RELEASE_OF_13 ? 13 : 12;
    }

    public Optional<FoundLibrary> get(CudaLibrary library) {
        return Optional.ofNullable(found.get(library));
    }

    /** The library, or a {@link DeviceException} that names the missing file and how to get it. */
    public FoundLibrary require(CudaLibrary library) {
        return get(library).orElseThrow(() -> new DeviceException("--device cuda: " + missing(library)));
    }

    /** Throws a {@link DeviceException} that names the first file without which the GPU cannot be used at all. */
    public CudaLibraries requireAll() {
        for (CudaLibrary library : CudaLibrary.values()) {
            if (library.required()) {
                require(library);
            }
        }
        return this;
    }

    /** One line: which file is missing, what for, how to get it. */
    public String missing(CudaLibrary library) {
        String others = library == CudaLibrary.CUBLAS && !beyondDriver.isEmpty()
                ? " (" + beyondDriver.getFirst().path() + " needs a driver of release " + FIRST_RELEASE_OF_13
                        + " or later)"
                : "";
        return library.soname(cudaMajor) + " (" + library.title() + ") was not found" + others + "; it is needed for "
                + library.purpose() + ". " + library.remedy(cudaMajor) + ".";
    }

    private static final class Search {
        private final Machine machine;
        private final Map<String, List<String>> cache;
        private final List<Path> system;
        private final List<Path> toolkits;
        private final List<Path> python;

        Search(Machine machine) {
            LibraryFolders folders = new LibraryFolders(machine);
            this.machine = machine;
            cache = LoaderCache.read(machine.at("/etc/ld.so.cache"));
            system = folders.system();
            toolkits = folders.toolkits();
            python = folders.python();
        }

        /** The newest CUDA version with cuBLAS that is at most {@code limit}; {@code limit} when there is none. */
        int newestUpTo(int limit) {
            for (int major : CudaLibrary.CUDA_MAJORS) {
                if (major <= limit && first(CudaLibrary.CUBLAS, major).isPresent()) {
                    return major;
                }
            }
            return limit;
        }

        void add(CudaLibrary library, int major, Map<CudaLibrary, FoundLibrary> found) {
            @Nullable FoundLibrary cublas = found.get(CudaLibrary.CUBLAS);
            if (library == CudaLibrary.CUBLAS_LT && cublas != null) {
                // The two are built together: the one beside cuBLAS comes first, wherever else another lies.
                Path beside = cublas.path().resolveSibling(library.soname(major));
                if (ElfFile.isSharedLibrary(beside)) {
                    found.put(library, describe(library, beside, cublas.origin()));
                    return;
                }
            }
            first(library, major).ifPresent(file -> found.put(library, file));
        }

        Optional<FoundLibrary> first(CudaLibrary library, int major) {
            String name = library.soname(major);
            // Toolkits have a stand-in for the driver to link against; only the system has the driver itself.
            boolean elsewhere = library != CudaLibrary.DRIVER;
            return firstIn(machine.folders("LD_LIBRARY_PATH").stream(), name, library, Origin.LD_LIBRARY_PATH)
                    .or(() -> firstFile(cached(name), library, Origin.LOADER))
                    .or(() -> firstIn(system.stream(), name, library, Origin.LOADER))
                    .or(() -> elsewhere ? firstIn(toolkits.stream(), name, library, Origin.TOOLKIT) : Optional.empty())
                    .or(() -> elsewhere ? firstIn(python.stream(), name, library, Origin.PYTHON) : Optional.empty());
        }

        private Stream<Path> cached(String name) {
            return cache.getOrDefault(name, List.of()).stream().map(machine::at);
        }

        private static Optional<FoundLibrary> firstIn(
                Stream<Path> folders, String name, CudaLibrary library, Origin origin) {
            return firstFile(folders.map(folder -> folder.resolve(name)), library, origin);
        }

        private static Optional<FoundLibrary> firstFile(Stream<Path> files, CudaLibrary library, Origin origin) {
            return files.filter(ElfFile::isSharedLibrary).findFirst().map(file -> describe(library, file, origin));
        }

        private static FoundLibrary describe(CudaLibrary library, Path file, Origin origin) {
            return new FoundLibrary(library, file, LibraryVersions.of(file, library), origin);
        }
    }
}

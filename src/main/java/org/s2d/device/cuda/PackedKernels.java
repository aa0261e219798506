package org.s2d.device.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import org.s2d.device.DeviceException;

/**
 * Kernels that the build compiled and packed among the program's resources: {@code /kernels/FILE.fatbin}, and an index with
 * the compiler's version, the architectures, and what each file was made from.
 *
 * @param cuda version of the compiler, such as {@code 13.0}
 * @param architectures such as {@code sm_80}, {@code sm_90a}, {@code compute_90}
 * @param sources hash of {@link KernelSources#unit} by file
 */
public record PackedKernels(String cuda, List<String> architectures, Map<String, String> sources) {
    static final String FOLDER = "kernels/";
    static final String INDEX = "packed.properties";
    static final String END = ".fatbin";

    private static final String CUDA = "cuda";
    private static final String ARCHITECTURES = "architectures";

    /** Those of this program; empty when the build had no nvcc. */
    public static Optional<PackedKernels> ofProgram() {
        try (InputStream in = PackedKernels.class.getResourceAsStream("/" + FOLDER + INDEX)) {
            if (in == null) {
                return Optional.empty();
            }
            Properties index = new Properties();
            index.load(in);
            String cuda = index.getProperty(CUDA, "");
            List<String> architectures =
                    List.of(index.getProperty(ARCHITECTURES, "").split(" "));
            Map<String, String> sources = new TreeMap<>();
            index.stringPropertyNames().forEach(name -> sources.put(name, index.getProperty(name)));
            sources.keySet().removeAll(List.of(CUDA, ARCHITECTURES));
            return Optional.of(new PackedKernels(cuda, architectures, sources));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The index as {@link #ofProgram} reads it. */
    String index() {
        StringBuilder text = new StringBuilder();
        text.append(CUDA + "=").append(cuda).append('\n');
        text.append(ARCHITECTURES + "=").append(String.join(" ", architectures)).append('\n');
        sources.forEach(
                (file, hash) -> text.append(file).append('=').append(hash).append('\n'));
        return text.toString();
    }

    /**
     * Whether a GPU can run them: machine code of its generation and not of a later member, or PTX that the driver can
     * translate.
     *
     * @param capability 10 times major plus minor
     * @param driverCuda newest CUDA version of the driver, 1000 times major plus 10 times minor
     */
    public boolean serve(int capability, int driverCuda) {
        String[] version = cuda.split("\\.", -1);
        int major = Integer.parseInt(version[0]);
        int exact = 1000 * major + 10 * Integer.parseInt(version[1]);
        return driverCuda / 1000 >= major
                && architectures.stream().anyMatch(one -> runs(one, capability, driverCuda >= exact));
    }

    private static boolean runs(String architecture, int capability, boolean translates) {
        String[] parts = architecture.split("_", -1);
        boolean only = parts[1].endsWith("a");
        int made = Integer.parseInt(only ? parts[1].substring(0, parts[1].length() - 1) : parts[1]);
        if (parts[0].equals("compute")) {
            return translates && made <= capability;
        }
        return only ? made == capability : made / 10 == capability / 10 && made <= capability;
    }

    /** Whether a file was compiled from this text. */
    boolean isOf(String file, String unit) {
        return KernelCache.hash(unit).equals(sources.get(file));
    }

    /** The compiled file, unpacked into the cache where the program is a jar. */
    Path image(String file, KernelCache cache) {
        URL resource = PackedKernels.class.getResource("/" + FOLDER + file + END);
        if (resource == null) {
            throw new DeviceException("cuda: the program has no packed kernels " + file + ". Build it again.");
        }
        if (resource.getProtocol().equals("file")) {
            return Path.of(URI.create(resource.toString()));
        }
        return cache.get(index(), file, () -> read(resource));
    }

    private static byte[] read(URL resource) {
        try (InputStream in = resource.openStream()) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

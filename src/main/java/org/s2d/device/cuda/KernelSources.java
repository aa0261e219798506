package org.s2d.device.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;

/**
 * The text of the kernels: {@code NAME.cu}, {@code common/*.cuh}, {@code emulator/*}. Includes in quotes are relative to one of
 * the roots.
 *
 * @param roots folders, searched in order
 */
public record KernelSources(List<Path> roots) {
    private static final Pattern INCLUDE = Pattern.compile("^\\s*#\\s*include\\s+\"([^\"]+)\"", Pattern.MULTILINE);

    /** The folder {@code kernels} of the checkout that this program was built from, or what {@code s2d.kernels} names. */
    public static KernelSources ofCheckout() {
        String property = System.getProperty("s2d.kernels");
        Path folder = property != null ? Path.of(property) : besideClasses();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new DeviceException("cuda: the kernels' sources are not at " + folder
                    + ". Start from a checkout, or name the folder with -Ds2d.kernels=FOLDER.");
        }
        return new KernelSources(List.of(folder));
    }

    /** Classes lie in {@code target/classes} of the checkout. */
    private static @Nullable Path besideClasses() {
        try {
            Path classes = Path.of(KernelSources.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            Path target = classes.getParent();
            return target == null ? null : target.resolveSibling("kernels");
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Where a file lies; throws when no root has it. */
    public Path find(String name) {
        return roots.stream()
                .map(root -> root.resolve(name))
                .filter(Files::isRegularFile)
                .findFirst()
                .orElseThrow(() -> new DeviceException("cuda: no kernel source " + name + " in " + roots));
    }

    /** Files by name with everything they include, directly or not. */
    public Map<String, String> closure(String... names) {
        Map<String, String> texts = new LinkedHashMap<>();
        Deque<String> open = new ArrayDeque<>(List.of(names));
        while (!open.isEmpty()) {
            String name = open.removeFirst();
            if (texts.containsKey(name)) {
                continue;
            }
            String text = read(find(name));
            texts.put(name, text);
            Matcher includes = INCLUDE.matcher(text);
            while (includes.find()) {
                open.addLast(includes.group(1));
            }
        }
        return texts;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package org.s2d.device.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;
import org.s2d.device.natives.Machine;

/**
 * The text of the kernels: {@code NAME.cu}, {@code common/*.cuh}, {@code emulator/*}. Includes in quotes are relative to one of
 * the roots.
 *
 * @param roots folders, searched in order
 */
public record KernelSources(List<Path> roots) {
    private static final Pattern INCLUDE = Pattern.compile("^\\s*#\\s*include\\s+\"([^\"]+)\"", Pattern.MULTILINE);

    /** What stands for CUDA where there is none; no part of what a GPU runs. */
    private static final String EMULATOR = "emulator/";

    /** The folder {@code kernels} of the checkout that this program was built from, or what {@code s2d.kernels} names. */
    public static KernelSources ofCheckout() {
        Path folder = folder();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new DeviceException("cuda: the kernels' sources are not at " + folder
                    + ". Start from a checkout, or name the folder with -Ds2d.kernels=FOLDER.");
        }
        return new KernelSources(List.of(folder));
    }

    /** The same, empty where the sources are not there. */
    public static Optional<KernelSources> ifPresent() {
        Path folder = folder();
        return folder == null || !Files.isDirectory(folder) ? Optional.empty() : Optional.of(ofCheckout());
    }

    private static @Nullable Path folder() {
        String property = System.getProperty("s2d.kernels");
        return property != null ? Path.of(property) : besideClasses();
    }

    /** Classes lie in {@code target/classes} of the checkout, or in {@code lib} of an archive. */
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

    /** Names of all files of kernels, without {@code .cu}, in the order of names. */
    public List<String> files() {
        Set<String> names = new TreeSet<>();
        for (Path root : roots) {
            Machine.list(root, "*.cu")
                    .forEach(file -> names.add(Machine.fileName(file).replaceFirst("\\.cu$", "")));
        }
        return List.copyOf(names);
    }

    /**
     * {@code FILE.cu} for a GPU as one text without includes: each file stands where it is included first. Compilers name its
     * lines as {@code /kernels/FILE.cu:12}, wherever they lie on this machine.
     */
    public String unit(String file) {
        StringBuilder text = new StringBuilder();
        append(text, file + ".cu", new HashSet<>());
        return text.toString();
    }

    private void append(StringBuilder text, String name, Set<String> seen) {
        int number = 1;
        text.append(mark(number, name));
        for (String line : read(find(name)).split("\n", -1)) {
            number++;
            Matcher include = INCLUDE.matcher(line);
            boolean included = include.lookingAt();
            if (included && !include.group(1).startsWith(EMULATOR) && seen.add(include.group(1))) {
                append(text, include.group(1), seen);
                text.append(mark(number, name));
            } else {
                text.append(included || line.equals("#pragma once") ? "" : line).append('\n');
            }
        }
    }

    private static String mark(int number, String name) {
        return "#line " + number + " \"/kernels/" + name + "\"\n";
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package org.s2d.device.natives;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Files and environment variables, as a search for libraries sees them.
 *
 * @param root what absolute paths start from: {@code /}, or a folder that a test has laid out as a machine
 * @param environment the environment variables
 */
public record Machine(Path root, Map<String, String> environment) {
    /** The machine and the environment of this process. */
    public static Machine ofProcess() {
        return new Machine(Path.of("/"), System.getenv());
    }

    /** An absolute path of this machine. */
    public Path at(String absolute) {
        return root.resolve(absolute.substring(absolute.startsWith("/") ? 1 : 0));
    }

    /** An environment variable that names a folder; relative and empty ones are none. */
    public Optional<Path> folder(String variable) {
        return folders(variable).stream().findFirst();
    }

    /** An environment variable that names folders separated by colons. */
    public List<Path> folders(String variable) {
        return Arrays.stream(environment.getOrDefault(variable, "").split(":", -1))
                .filter(text -> text.startsWith("/"))
                .map(this::at)
                .toList();
    }

    /** Folders and files directly below a folder whose names match a glob, names with higher numbers first. */
    public static List<Path> list(Path folder, String glob) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, glob)) {
            entries.forEach(found::add);
        } catch (IOException e) {
            return List.of(); // not there or not readable: nothing to find in it
        }
        found.sort(Comparator.comparing(path -> new Numbered(fileName(path)), Comparator.reverseOrder()));
        return found;
    }

    /** The last name of a path; empty for a root. */
    public static String fileName(Path path) {
        @Nullable Path name = path.getFileName();
        return name == null ? "" : name.toString();
    }

    /** Orders names as people do: {@code cuda-12.10} after {@code cuda-12.9}. */
    private record Numbered(String name) implements Comparable<Numbered> {
        @Override
        public int compareTo(Numbered other) {
            String[] mine = name.split("(?<=\\d)(?=\\D)|(?<=\\D)(?=\\d)", -1);
            String[] theirs = other.name.split("(?<=\\d)(?=\\D)|(?<=\\D)(?=\\d)", -1);
            for (int i = 0; i < Math.min(mine.length, theirs.length); i++) {
                int order = compare(mine[i], theirs[i]);
                if (order != 0) {
                    return order;
                }
            }
            return Integer.compare(mine.length, theirs.length);
        }

        private static int compare(String a, String b) {
            boolean numbers = a.matches("\\d{1,18}") && b.matches("\\d{1,18}");
            return numbers ? Long.compare(Long.parseLong(a), Long.parseLong(b)) : a.compareTo(b);
        }
    }
}

package org.s2d.device.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What nvcc said of the entry points of all kernels when the build compiled them; bytes for each thread, shared memory for each
 * block. Its main writes the table of {@code docs/kernels.md}.
 */
record ResourceReport(List<EntryPoint> entryPoints) {
    /** Where {@link NvccBuild} leaves it. */
    static final Path FOLDER = Path.of("target", "kernels");

    private static final String TABLE = "| file | entry point |";
    private static final Pattern ENTRY = Pattern.compile("""
        Compiling entry function '(\\w+)' for '(\\w+)'
        .*Function properties for \\w+
        \\s*(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads
        .*Used (\\d+) registers(.*)\
        """);
    private static final Pattern SHARED = Pattern.compile("(\\d+) bytes smem");

    record EntryPoint(
            String file,
            String name,
            String architecture,
            int registers,
            int stack,
            int spillStores,
            int spillLoads,
            int staticShared) {}

    /** Writes the table into the page that is named, from its first row on. */
    public static void main(String[] arguments) throws IOException {
        Path page = Path.of(arguments[0]);
        String text = Files.readString(page);
        Files.writeString(
                page, text.substring(0, text.indexOf(TABLE)) + read(FOLDER).table());
    }

    /** Empty when the build had no nvcc. */
    static ResourceReport read(Path folder) throws IOException {
        List<EntryPoint> all = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.filter(path -> path.toString().endsWith(".txt"))
                        .sorted()
                        .toList()) {
                    String name = String.valueOf(file.getFileName());
                    all.addAll(parse(name.substring(0, name.indexOf('.')), Files.readString(file)));
                }
            }
        }
        return new ResourceReport(all);
    }

    static List<EntryPoint> parse(String file, String report) {
        List<EntryPoint> found = new ArrayList<>();
        Matcher entry = ENTRY.matcher(report);
        while (entry.find()) {
            Matcher shared = SHARED.matcher(entry.group(7));
            found.add(new EntryPoint(
                    file,
                    entry.group(1),
                    entry.group(2),
                    Integer.parseInt(entry.group(6)),
                    Integer.parseInt(entry.group(3)),
                    Integer.parseInt(entry.group(4)),
                    Integer.parseInt(entry.group(5)),
                    shared.find() ? Integer.parseInt(shared.group(1)) : 0));
        }
        return found;
    }

    /** One row for each entry point, in the order of files and names. */
    String table() {
        Map<String, Map<String, EntryPoint>> rows = new TreeMap<>();
        entryPoints.forEach(one -> rows.computeIfAbsent(one.file + "` | `" + one.name, key -> new TreeMap<>())
                .put(one.architecture, one));
        List<String> architectures = entryPoints.stream()
                .map(EntryPoint::architecture)
                .distinct()
                .sorted(Comparator.naturalOrder())
                .toList();
        StringBuilder text = new StringBuilder(TABLE);
        architectures.forEach(one -> text.append(" registers, ").append(one).append(" |"));
        text.append(" stack | spills |\n|---|---|")
                .append("---:|".repeat(architectures.size() + 2))
                .append('\n');
        rows.forEach((name, columns) -> {
            text.append("| `").append(name).append("` |");
            architectures.forEach(one -> text.append(' ')
                    .append(columns.containsKey(one) ? columns.get(one).registers : "")
                    .append(" |"));
            text.append(String.format(
                    Locale.ROOT,
                    " %d | %d |%n",
                    columns.values().stream().mapToInt(EntryPoint::stack).max().orElse(0),
                    columns.values().stream()
                            .mapToInt(one -> one.spillStores + one.spillLoads)
                            .max()
                            .orElse(0)));
        });
        return text.toString();
    }
}

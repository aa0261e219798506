package org.s2d.bench;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A file of results.
 *
 * @param machine processor, its number of cores, memory, operating system
 * @param versions of Java, of this program's libraries and of the peers
 * @param settings the command line, and how busy the machine was
 */
record Results(
        String date,
        Map<String, String> machine,
        Map<String, String> versions,
        Map<String, String> settings,
        List<Row> rows) {
    /** NaN, where something has no ceiling, is written as a word. */
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    /** What was measured here and now. */
    static Results of(List<Row> rows, String command) throws IOException {
        Map<String, String> machine = new TreeMap<>();
        machine.put("cores", "" + Runtime.getRuntime().availableProcessors());
        machine.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        machine.put("processor", found(Path.of("/proc/cpuinfo"), "model name"));
        machine.put("memory", found(Path.of("/proc/meminfo"), "MemTotal"));
        Map<String, String> versions = new TreeMap<>();
        versions.put("java", Runtime.version().toString());
        for (String entry : System.getProperty("java.class.path").split(":", -1)) {
            String jar = String.valueOf(Path.of(entry).getFileName());
            if (jar.matches("(dnnl|onnxruntime|pytorch|openblas|jmh-core|opencv)-[0-9].*\\.jar")
                    && !jar.contains("x86_64")) {
                versions.put(jar.replaceAll("-[0-9].*", ""), jar.replaceAll("^[a-z-]+-(?=[0-9])|\\.jar$", ""));
            }
        }
        Map<String, String> settings = Map.of(
                "command",
                command,
                "load",
                Files.readString(Path.of("/proc/loadavg")).strip());
        String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        return new Results(now, machine, versions, settings, rows);
    }

    private static String found(Path file, String key) throws IOException {
        return Files.readAllLines(file).stream()
                .filter(line -> line.startsWith(key))
                .map(line -> line.replaceAll("^[^:]*:\\s*", ""))
                .findFirst()
                .orElse("unknown");
    }

    static Results read(Path file) throws IOException {
        return MAPPER.readValue(file.toFile(), Results.class);
    }

    void write(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        MAPPER.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), this);
    }
}

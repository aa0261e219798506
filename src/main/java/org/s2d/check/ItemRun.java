package org.s2d.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.s2d.tensor.UserException;

/**
 * Runs items and writes a line of JSON for each to a file: {@code {"started": NAME}} before it, {@code {"item": NAME, "status": "passed" or
 * "failed", ...}} after it. Items of which the file has a line are left out, so a second run goes on with the rest, and an item in which
 * the process died is not tried again. A failed item stops nothing unless the device no longer works.
 */
public final class ItemRun {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MOST_TEXT = 600;

    private final Path file;
    private final double budgetSeconds;
    private final BooleanSupplier deviceWorks;
    private final PrintWriter console;

    /**
     * @param file lines of JSON; made when missing
     * @param budgetSeconds after which no further item is started
     * @param deviceWorks asked after each failure: an error of a kernel may leave a GPU's context unusable
     */
    public ItemRun(Path file, double budgetSeconds, BooleanSupplier deviceWorks, PrintWriter console) {
        this.file = file;
        this.budgetSeconds = budgetSeconds;
        this.deviceWorks = deviceWorks;
        this.console = console;
    }

    /**
     * What the file says after a run.
     *
     * @param left items that no run has started yet
     * @param failed items that failed, in this run or an earlier one, or in which the process ended
     */
    public record Outcome(int items, int failed, int left) {
        public boolean isComplete() {
            return left == 0;
        }
    }

    /** Runs what is missing; throws {@link UserException} when the file cannot be read or written. */
    public Outcome run(List<Item> items) {
        Earlier earlier = Earlier.read(file);
        Set<String> failed = new HashSet<>(earlier.failed());
        int left = (int) items.stream()
                .filter(item -> !earlier.started().contains(item.name()))
                .count();
        long deadline = System.nanoTime() + (long) (budgetSeconds * 1e9);
        for (Item item : items) {
            if (earlier.started().contains(item.name())) {
                continue;
            }
            if (System.nanoTime() > deadline) {
                break;
            }
            append(JSON.createObjectNode().put("started", item.name()));
            ObjectNode record = run(item);
            append(record);
            left--;
            if (record.path("status").asText().equals("failed")) {
                failed.add(item.name());
                console.println(
                        "FAIL " + item.name() + ": " + record.path("message").asText());
                if (!deviceWorks.getAsBoolean()) {
                    console.println("the device no longer works; a new process has to go on");
                    break;
                }
            }
        }
        console.println(items.size() + " items, " + failed.size() + " failed, " + left + " not started");
        console.flush();
        return new Outcome(items.size(), failed.size(), left);
    }

    private static ObjectNode run(Item item) {
        ObjectNode record = JSON.createObjectNode().put("item", item.name()).put("status", "passed");
        long start = System.nanoTime();
        try {
            item.work().run(record);
        } catch (RuntimeException | AssertionError e) {
            String text = e instanceof AssertionError ? String.valueOf(e.getMessage()) : e.toString();
            String line = text.replaceAll("\\s*\\R\\s*", " ");
            record.put("status", "failed").put("message", line.substring(0, Math.min(line.length(), MOST_TEXT)));
        }
        return record.put("seconds", Math.round((System.nanoTime() - start) / 1e6) / 1e3);
    }

    private void append(ObjectNode record) {
        try {
            Files.writeString(file, record + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UserException(file + ": cannot be written: " + e + ". Check the folder and its free space.", e);
        }
    }

    /** What earlier runs did: everything they started, and of that what failed or did not end. */
    private record Earlier(Set<String> started, Set<String> failed) {
        static Earlier read(Path file) {
            Set<String> started = new HashSet<>();
            Set<String> failed = new HashSet<>();
            if (!Files.exists(file)) {
                return new Earlier(started, failed);
            }
            try {
                for (String line :
                        Files.readString(file, StandardCharsets.UTF_8).split("\n", -1)) {
                    JsonNode record = parse(line);
                    if (record.has("started")) {
                        started.add(record.path("started").asText());
                        failed.add(record.path("started").asText());
                    } else if (!record.path("status").asText().equals("failed")) {
                        failed.remove(record.path("item").asText());
                    }
                }
            } catch (IOException e) {
                throw new UserException(file + ": cannot be read: " + e + ".", e);
            }
            return new Earlier(started, failed);
        }

        /** The last line may have been cut off with the process that wrote it. */
        private static JsonNode parse(String line) {
            try {
                return JSON.readTree(line);
            } catch (JsonProcessingException e) {
                return JSON.createObjectNode();
            }
        }
    }
}

package org.s2d.verify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.UserException;

/**
 * PyTorch's own error against float64, per tensor, the root mean square over several draws. In a low-precision type, where
 * {@code tools/yardstick.py} makes it, ours may be at most twice that, or twice the median of its kind. {@link Report} says what it is
 * for in F32.
 */
public final class Yardstick {
    private static final double FACTOR = 2;

    private final Path file;
    private final Map<String, Double> errors = new HashMap<>();
    private final Map<String, List<Double>> byKind = new HashMap<>();

    private Yardstick(Path file, JsonNode json) {
        this.file = file;
        json.path("relative_l2_error").properties().forEach(entry -> {
            double error = entry.getValue().asDouble();
            errors.put(entry.getKey(), error);
            byKind.computeIfAbsent(Report.kind(entry.getKey()), kind -> new ArrayList<>())
                    .add(error);
        });
    }

    /** The first of the given files that exists; null if none does. */
    public static @Nullable Yardstick find(List<Path> candidates) {
        for (Path candidate : candidates) {
            if (Files.isRegularFile(candidate)) {
                try {
                    return new Yardstick(candidate, new ObjectMapper().readTree(candidate.toFile()));
                } catch (IOException e) {
                    throw new UserException(candidate + ": not readable as JSON.", e);
                }
            }
        }
        return null;
    }

    /** PyTorch's error on a tensor; 0 where nothing is known of it. */
    double error(String name) {
        return errors.getOrDefault(name, 0.0);
    }

    double limit(String stored) {
        String name = Activation.withoutFrames(stored);
        double typical = Report.median(byKind.getOrDefault(Report.kind(name), List.of()));
        double error = Math.max(error(name), typical);
        if (error == 0) {
            throw new UserException(file + ": nothing known about " + name + ".");
        }
        return FACTOR * error;
    }
}

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
import org.s2d.tensor.UserException;

/**
 * PyTorch's own error against float64 in a low-precision type, per tensor: what ours may be at most twice. Made by
 * {@code tools/yardstick.py}. A tensor is also allowed the median of its kind, as in {@link Report}.
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

    /** The first of the given files that exists. */
    public static Yardstick find(List<Path> candidates) {
        for (Path candidate : candidates) {
            if (Files.isRegularFile(candidate)) {
                try {
                    return new Yardstick(candidate, new ObjectMapper().readTree(candidate.toFile()));
                } catch (IOException e) {
                    throw new UserException(candidate + ": not readable as JSON.", e);
                }
            }
        }
        throw new UserException("verify: no low-precision yardstick at " + candidates
                + ". Make one with tools/yardstick.py, or use --precision fp32.");
    }

    double limit(String stored) {
        String name = Activation.withoutFrames(stored);
        double typical = Report.median(byKind.getOrDefault(Report.kind(name), List.of()));
        double error = Math.max(errors.getOrDefault(name, 0.0), typical);
        if (error == 0) {
            throw new UserException(file + ": nothing known about " + name + ".");
        }
        return FACTOR * error;
    }
}

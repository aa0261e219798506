package org.s2d.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.UserException;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;

/**
 * A grid file: which variants of a configuration are compared.
 *
 * <pre>
 * config: video.yaml                # relative to this file; may be left out
 * image: image.yaml                 # trained first for each variant, with its model and landmark keys; may be left out
 * output: runs/ablation
 * set: {train.epochs: 5}            # for all variants; model and landmark keys also for their image models
 * fold: 1                           # of a configuration with folds
 * seeds: [0, 1, 2]
 * variants:                         # the first is what the others are compared with
 *   full: {}
 *   no prompts: {model.prompt_type: none}
 * grid:                             # besides or instead: all combinations
 *   loss.sdl.k: [1, 2, 4]
 *   loss.sdl.size: [8, 16]
 * </pre>
 *
 * @param variants settings by name, in order
 * @param seeds values of {@code train.seed}
 * @param fold 0: none
 */
record AblationPlan(
        @Nullable Path config,
        @Nullable Path image,
        String output,
        List<String> common,
        Map<String, List<String>> variants,
        List<Long> seeds,
        int fold) {
    private static final Set<String> KEYS =
            new TreeSet<>(Set.of("config", "image", "output", "set", "fold", "seeds", "variants", "grid"));
    private static final ObjectMapper YAML =
            new ObjectMapper(new YAMLFactory()).enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY);

    /** The same into another folder. */
    AblationPlan into(String folder) {
        return new AblationPlan(config, image, folder, common, variants, seeds, fold);
    }

    /** The same with further settings for all variants. */
    AblationPlan with(List<String> settings) {
        List<String> all = new ArrayList<>(common);
        all.addAll(settings);
        return new AblationPlan(config, image, output, all, variants, seeds, fold);
    }

    /** Reads a grid file; every error names the file and what is wrong. */
    static AblationPlan read(Path file) {
        JsonNode root = tree(file);
        root.fieldNames().forEachRemaining(key -> {
            if (!KEYS.contains(key)) {
                throw wrong(file, "unknown key '" + key + "', expected " + String.join(", ", KEYS));
            }
        });
        Map<String, List<String>> variants = new LinkedHashMap<>();
        root.path("variants")
                .properties()
                .forEach(entry -> variants.put(entry.getKey(), settings(file, entry.getValue())));
        combinations(file, root.path("grid")).forEach(settings -> variants.put(name(settings), settings));
        if (variants.size() < 2) {
            throw wrong(file, variants.size() + " variants, expected at least two below 'variants' or 'grid'");
        }
        requireFolders(file, variants.keySet());
        List<Long> seeds = StreamSupport.stream(root.path("seeds").spliterator(), false)
                .map(seed -> wholeNumber(file, "seeds", seed))
                .distinct()
                .toList();
        return new AblationPlan(
                path(file, root.path("config")),
                path(file, root.path("image")),
                root.path("output")
                        .asText("runs/" + file.getFileName().toString().replaceAll("\\.ya?ml$", "")),
                settings(file, root.path("set")),
                variants,
                seeds.isEmpty() ? List.of(0L) : seeds,
                root.has("fold") ? (int) wholeNumber(file, "fold", root.path("fold")) : 0);
    }

    private static JsonNode tree(Path file) {
        try {
            JsonNode root = YAML.readTree(Files.readString(file));
            if (root == null || !root.isObject()) {
                throw wrong(file, "expected keys and values, such as 'variants: {...}'");
            }
            return root;
        } catch (JsonProcessingException e) {
            throw new UserException(
                    file + ":" + e.getLocation().getLineNr() + ": not valid YAML: "
                            + e.getOriginalMessage().lines().findFirst().orElse(""),
                    e);
        } catch (IOException e) {
            throw new UserException(
                    file + ": grid cannot be read (" + e.getClass().getSimpleName() + ").", e);
        }
    }

    private static UserException wrong(Path file, String message) {
        return new UserException(file + ": " + message + ".");
    }

    private static @Nullable Path path(Path file, JsonNode value) {
        return value.isTextual() ? file.resolveSibling(value.asText()) : null;
    }

    private static long wholeNumber(Path file, String key, JsonNode value) {
        if (!value.isIntegralNumber()) {
            throw wrong(file, key + " has " + value + ", expected whole numbers");
        }
        return value.asLong();
    }

    private static List<String> settings(Path file, JsonNode keys) {
        if (!keys.isObject() && !keys.isMissingNode() && !keys.isNull()) {
            throw wrong(file, "found " + keys + " where keys and values were expected, such as {loss.sdl.k: 4}");
        }
        List<String> settings = new ArrayList<>();
        keys.properties().forEach(entry -> settings.add(entry.getKey() + "=" + text(entry.getValue())));
        return settings;
    }

    private static String text(JsonNode value) {
        return value.isTextual() ? value.asText() : value.isNull() ? "" : value.toString();
    }

    /** All combinations of a grid's values, the last key fastest. */
    private static List<List<String>> combinations(Path file, JsonNode grid) {
        if (grid.isMissingNode()) {
            return List.of();
        }
        List<List<String>> combinations = List.of(List.of());
        for (Map.Entry<String, JsonNode> entry : grid.properties()) {
            if (!entry.getValue().isArray() || entry.getValue().isEmpty()) {
                throw wrong(file, "grid." + entry.getKey() + " is " + entry.getValue() + ", expected a list of values");
            }
            List<List<String>> longer = new ArrayList<>();
            for (List<String> begun : combinations) {
                for (JsonNode value : entry.getValue()) {
                    List<String> next = new ArrayList<>(begun);
                    next.add(entry.getKey() + "=" + text(value));
                    longer.add(next);
                }
            }
            combinations = longer;
        }
        return combinations;
    }

    /** Short: the last words of the keys. */
    private static String name(List<String> settings) {
        return String.join(", ", settings.stream().map(AblationPlan::shortened).toList());
    }

    private static String shortened(String setting) {
        int equals = setting.indexOf('=');
        return setting.substring(setting.lastIndexOf('.', equals) + 1);
    }

    /** Folder of a variant: its name with what folders should not be called made plain. */
    static String folder(String variant) {
        return variant.replaceAll("[^A-Za-z0-9._-]+", "_");
    }

    private static void requireFolders(Path file, Set<String> names) {
        Set<String> folders = new TreeSet<>();
        for (String name : names) {
            if (!folders.add(folder(name))) {
                throw wrong(
                        file, "two variants would write into the folder " + folder(name) + ". Rename '" + name + "'");
            }
        }
    }

    /** The configuration of a variant, or of its video model where an image model comes first. */
    TrainConfig config(String variant, long seed) {
        return resolved(config, settings(variant), seed, output + "/" + folder(variant) + "/seed" + seed);
    }

    /**
     * The image model that a variant starts from: of the settings those of model and landmark network, without the number of frames.
     * Equal ones share a folder.
     */
    TrainConfig imageConfig(Path imageFile, String variant, long seed) {
        List<String> settings = settings(variant).stream()
                .filter(setting -> setting.startsWith("model.") || setting.startsWith("landmark."))
                .filter(setting -> !setting.startsWith("model.num_frames="))
                .toList();
        TrainConfig alike = resolved(imageFile, settings, seed, output + "/images/image");
        String name = Integer.toHexString(ConfigReader.print(alike).hashCode());
        return resolved(imageFile, settings, seed, output + "/images/" + name + "-seed" + seed);
    }

    private List<String> settings(String variant) {
        List<String> settings = new ArrayList<>(common);
        settings.addAll(variants.getOrDefault(variant, List.of()));
        return settings;
    }

    private TrainConfig resolved(@Nullable Path file, List<String> settings, long seed, String folder) {
        List<String> all = new ArrayList<>(settings);
        all.add("train.seed=" + seed);
        all.add("train.output_dir=" + folder);
        TrainConfig whole = ConfigReader.read(file, all);
        if (fold == 0) {
            Folds.requireNone(whole);
            return whole;
        }
        return Folds.of(whole, fold);
    }
}

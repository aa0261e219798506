package org.s2d.train.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.data.ClipSpec;
import org.s2d.device.ImageNet;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.RunData;
import org.s2d.train.config.TrainConfig;

/**
 * What travels with exported weights, so that somebody who has only the file can use it: class names, how a clip becomes the model's
 * input, the configuration of the run, and what the run tells of its data and its validation.
 *
 * @param facts as {@link RunFacts} has them; empty for weights of other programs
 */
public record ModelCard(List<String> labels, TrainConfig config, Map<String, Object> facts) {
    /** Version of this program. */
    public static final String VERSION = "0.1.0";

    private static final String PREFIX = "s2d.";
    private static final String LABELS = "labels";
    private static final String CONFIG = "config";
    private static final ObjectMapper JSON = new ObjectMapper();

    public ModelCard {
        labels = List.copyOf(labels);
        facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
    }

    /** Without facts. */
    public ModelCard(List<String> labels, TrainConfig config) {
        this(labels, config, Map.of());
    }

    /** How pixels become the model's input, in words and numbers. */
    public Map<String, Object> preprocessing() {
        return preprocessing(new RunData(config).spec());
    }

    private static Map<String, Object> preprocessing(ClipSpec spec) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("layout", "batch, channel, frame, row, column");
        map.put("channels", "RGB");
        map.put("scale", "1/255");
        map.put("mean", perChannel(ImageNet::mean));
        map.put("std", perChannel(ImageNet::deviation));
        map.put("size", spec.size());
        map.put("resize", "bilinear");
        map.put("frames", spec.frames());
        map.put("frame_step", spec.rate());
        map.put("grey", spec.grey());
        return map;
    }

    @FunctionalInterface
    private interface OfChannel {
        float at(int channel);
    }

    /** Shortest decimals, as people write these numbers. */
    private static List<Double> perChannel(OfChannel value) {
        return List.of(decimal(value.at(0)), decimal(value.at(1)), decimal(value.at(2)));
    }

    private static double decimal(float value) {
        return Double.parseDouble(Float.toString(value));
    }

    /** As a tree for PyTorch files. */
    public Map<String, Object> entries() {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("version", VERSION);
        entries.put(LABELS, labels);
        entries.put("preprocessing", preprocessing());
        entries.put(CONFIG, ConfigReader.print(config));
        entries.putAll(facts);
        return entries;
    }

    /** As texts, for formats whose metadata are texts: lists and maps as JSON, the configuration as YAML. */
    public Map<String, String> texts() {
        return texts(entries());
    }

    /** As {@link #texts}, for the photographs' head of S4D alone. */
    public Map<String, String> photoTexts() {
        Map<String, Object> entries = entries();
        entries.put(LABELS, photoLabels());
        entries.put("preprocessing", preprocessing(RunData.photos(config).spec()));
        return texts(entries);
    }

    /** Names of the classes of photographs: those of clips unless they have their own. */
    public List<String> photoLabels() {
        List<String> own = config.photos().labels();
        return own.isEmpty() ? labels : own;
    }

    private static Map<String, String> texts(Map<String, Object> entries) {
        Map<String, String> texts = new LinkedHashMap<>();
        entries.forEach((key, value) -> texts.put(PREFIX + key, value instanceof String text ? text : json(value)));
        return texts;
    }

    /** The entries that {@link #texts} wrote, as far as a model can be built from them; null where there are none. */
    public static @Nullable Map<String, Object> read(Map<String, String> texts) {
        String labels = texts.get(PREFIX + LABELS);
        String config = texts.get(PREFIX + CONFIG);
        if (labels == null || config == null) {
            return null;
        }
        try {
            Map<String, Object> entries = new LinkedHashMap<>();
            entries.put(LABELS, JSON.readValue(labels, new TypeReference<List<Object>>() {}));
            entries.put(CONFIG, config);
            for (String key : List.of(RunFacts.DATA, RunFacts.VALIDATION)) {
                String facts = texts.get(PREFIX + key);
                if (facts != null) {
                    entries.put(key, JSON.readValue(facts, new TypeReference<Map<String, Object>>() {}));
                }
            }
            return entries;
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    private static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}

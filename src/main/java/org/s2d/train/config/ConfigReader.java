package org.s2d.train.config;

import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.UserException;

/**
 * Reads configurations strictly: every key must be one of {@link TrainConfig}'s and every value of its kind; errors name file, line, key
 * and the nearest known key. Settings {@code key=value} override the file; a key may be its last word where only one fits.
 */
public final class ConfigReader {
    private static final long LARGEST_FILE = 1 << 20;

    private static final YAMLFactory YAML = YAMLFactory.builder()
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .build();
    /** Components are keys; questions such as {@link TrainConfig#isS4d} are not. */
    private static final ObjectMapper MAPPER = new ObjectMapper(YAML)
            .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .setVisibility(PropertyAccessor.IS_GETTER, Visibility.NONE);

    /** A value somebody gave, and where: {@code FILE:LINE} or {@code --set}. */
    private record Given(JsonNode value, String place) {}

    private final Map<String, Given> given = new LinkedHashMap<>();

    private ConfigReader() {}

    /**
     * A complete configuration.
     *
     * @param file none: defaults only
     * @param settings {@code key=value}, later ones win
     */
    public static TrainConfig read(@Nullable Path file, List<String> settings) {
        ConfigReader reader = new ConfigReader();
        if (file != null) {
            reader.readText(file.toString(), text(file));
        }
        settings.forEach(reader::readSetting);
        return reader.resolve();
    }

    /** A configuration from its text, as {@link #print} writes it. */
    public static TrainConfig parse(String source, String text, List<String> settings) {
        ConfigReader reader = new ConfigReader();
        reader.readText(source, text);
        settings.forEach(reader::readSetting);
        return reader.resolve();
    }

    /** A configuration with some settings changed. */
    public static TrainConfig with(TrainConfig config, List<String> settings) {
        return parse("configuration", print(config), settings);
    }

    /** The configuration as YAML, every key present. */
    public static String print(TrainConfig config) {
        try {
            return MAPPER.writeValueAsString(config);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** All keys, dotted, with their values in words. */
    public static Map<String, String> flatten(TrainConfig config) {
        Map<String, String> values = new LinkedHashMap<>();
        leaves("", MAPPER.valueToTree(config), values);
        return values;
    }

    private static void leaves(String path, JsonNode node, Map<String, String> values) {
        if (node.isObject()) {
            node.properties().forEach(entry -> leaves(join(path, entry.getKey()), entry.getValue(), values));
        } else {
            values.put(path, node.toString());
        }
    }

    private static String text(Path file) {
        try {
            if (Files.isRegularFile(file) && Files.size(file) > LARGEST_FILE) {
                throw new UserException(file + ": larger than 1 MiB; not a configuration.");
            }
            return Files.readString(file);
        } catch (IOException e) {
            throw new UserException(
                    file + ": configuration cannot be read (" + e.getClass().getSimpleName() + ").", e);
        }
    }

    private void readText(String source, String text) {
        try (YAMLParser parser = YAML.createParser(text)) {
            JsonToken first = parser.nextToken();
            if (first == null || first == JsonToken.VALUE_NULL) {
                return;
            }
            if (first != JsonToken.START_OBJECT) {
                throw new UserException(source + ": expected keys and values, such as 'train: {epochs: 10}'.");
            }
            readObject(parser, source, "");
            if (parser.nextToken() != null) {
                throw new UserException(source + ": more than one YAML document. Keep the first only.");
            }
        } catch (JsonProcessingException e) {
            throw new UserException(
                    source + ":" + e.getLocation().getLineNr() + ": not valid YAML: "
                            + e.getOriginalMessage().lines().findFirst().orElse(""),
                    e);
        } catch (IOException e) {
            throw new UserException(source + ": cannot be read (" + e + ").", e);
        }
    }

    /** Collects the leaves of a mapping by dotted key; lists are leaves. */
    private void readObject(YAMLParser parser, String source, String path) throws IOException {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = join(path, parser.currentName());
            String place = source + ":" + parser.currentTokenLocation().getLineNr();
            JsonToken token = parser.nextToken();
            if (token == JsonToken.START_OBJECT) {
                if (!ConfigTree.isSection(key)) {
                    throw ConfigTree.unknown(place, key);
                }
                readObject(parser, source, key);
            } else if (given.put(key, new Given(value(parser), place)) != null) {
                throw new UserException(place + ": key '" + key + "' a second time. Keep one.");
            }
        }
    }

    private static JsonNode value(YAMLParser parser) throws IOException {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        return switch (parser.currentToken()) {
            case START_ARRAY -> {
                ArrayNode list = nodes.arrayNode();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value(parser));
                }
                yield list;
            }
            case VALUE_NUMBER_INT -> nodes.numberNode(parser.getDecimalValue());
            case VALUE_NUMBER_FLOAT -> nodes.numberNode(parser.getDoubleValue());
            case VALUE_TRUE -> nodes.booleanNode(true);
            case VALUE_FALSE -> nodes.booleanNode(false);
            case VALUE_NULL -> nodes.nullNode();
            default -> nodes.textNode(parser.getText());
        };
    }

    private void readSetting(String setting) {
        int equals = setting.indexOf('=');
        if (equals < 1) {
            throw new UserException("--set " + setting + ": expected key=value.");
        }
        String key = ConfigTree.complete(
                "--set " + setting, setting.substring(0, equals).strip());
        String text = setting.substring(equals + 1).strip();
        try (YAMLParser parser = YAML.createParser(text)) {
            JsonToken token = parser.nextToken();
            JsonNode value = token == null ? JsonNodeFactory.instance.textNode("") : value(parser);
            given.put(key, new Given(value, "--set " + setting));
        } catch (IOException e) {
            throw new UserException("--set " + setting + ": the value is not valid YAML.", e);
        }
    }

    private TrainConfig resolve() {
        ObjectNode tree = MAPPER.valueToTree(ConfigDefaults.of(kind()));
        given.forEach((key, value) -> ConfigTree.put(tree, key, value.value(), value.place()));
        try {
            TrainConfig config = MAPPER.treeToValue(tree, TrainConfig.class);
            ConfigChecks.check(config, this::placeOf);
            return config;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("configuration: " + e.getOriginalMessage(), e);
        }
    }

    private ConfigDefaults.Kind kind() {
        ConfigDefaults.Kind usual = ConfigDefaults.Kind.USUAL;
        return new ConfigDefaults.Kind(
                chosen("model.family", usual.family()),
                chosen("model.size", usual.size()),
                chosen("model.mode", usual.mode()),
                chosen("train.objective", usual.objective()));
    }

    private String chosen(String key, String otherwise) {
        Given value = given.get(key);
        return value == null ? otherwise : value.value().asText();
    }

    /** Where a key got its value, for messages. */
    private String placeOf(String key) {
        Given value = given.get(key);
        return value == null ? "configuration" : value.place();
    }

    static String join(String path, String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    /** Keys in which two configurations differ, with both values. */
    public static List<String> differences(TrainConfig first, TrainConfig second) {
        Map<String, String> a = flatten(first);
        Map<String, String> b = flatten(second);
        List<String> differing = new ArrayList<>();
        a.forEach((key, value) -> {
            String other = b.get(key);
            if (!value.equals(other)) {
                differing.add(key + " " + value + " / " + other);
            }
        });
        return differing;
    }
}

package org.s2d.train.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.s2d.tensor.UserException;

/** The keys that there are, the kinds of their values, and what to say about others. */
final class ConfigTree {
    private static final Map<String, String> KNOWN = ConfigReader.flatten(ConfigDefaults.of(ConfigDefaults.Kind.USUAL));

    /** Keys whose default is nothing, and which take a number. */
    private static final Set<String> OPTIONAL_NUMBERS = Set.of("optim.weight_decay_end");

    private ConfigTree() {}

    static boolean isSection(String key) {
        return KNOWN.keySet().stream().anyMatch(known -> known.startsWith(key + "."));
    }

    /** The full key: itself, or the only one that ends in it. */
    static String complete(String place, String key) {
        if (KNOWN.containsKey(key)) {
            return key;
        }
        List<String> ending = KNOWN.keySet().stream()
                .filter(known -> known.endsWith("." + key))
                .toList();
        // Photographs, the second task, have the words of the first one's keys.
        List<String> usual =
                ending.stream().filter(known -> !known.startsWith("photos.")).toList();
        if (usual.size() == 1) {
            return usual.getFirst();
        }
        if (ending.size() == 1) {
            return ending.getFirst();
        }
        if (ending.size() > 1) {
            throw new UserException(place + ": key '" + key + "' could be " + String.join(" or ", ending) + ".");
        }
        throw unknown(place, key);
    }

    static UserException unknown(String place, String key) {
        return new UserException(place + ": unknown key '" + key + "'. Did you mean '" + nearest(key)
                + "'? --print-config lists all keys.");
    }

    private static String nearest(String key) {
        Set<String> candidates = new TreeSet<>(KNOWN.keySet());
        KNOWN.keySet().forEach(known -> {
            for (int dot = known.indexOf('.'); dot > 0; dot = known.indexOf('.', dot + 1)) {
                candidates.add(known.substring(0, dot));
            }
        });
        String last = lastWord(key);
        return candidates.stream()
                .min(Comparator.comparingInt(
                        (String known) -> 2 * distance(lastWord(known), last) + distance(known, key)))
                .orElseThrow();
    }

    private static String lastWord(String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }

    /** Levenshtein's distance. */
    private static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j < previous.length; j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[previous.length];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int replace = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replace, Math.min(previous[j], row[j - 1]) + 1);
            }
            previous = row;
        }
        return previous[b.length()];
    }

    /** Sets a key of the tree; the value must be of the kind that is there. */
    static void put(ObjectNode tree, String key, JsonNode value, String place) {
        if (!KNOWN.containsKey(key)) {
            throw isSection(key)
                    ? new UserException(place + ": '" + key + "' is a section, expected keys and values below it.")
                    : unknown(place, key);
        }
        List<String> parts = new ArrayList<>(List.of(key.split("\\.")));
        String last = parts.removeLast();
        ObjectNode section = tree;
        for (String part : parts) {
            section = (ObjectNode) section.path(part);
        }
        section.set(last, converted(section.path(last), value, key, place));
    }

    private static JsonNode converted(JsonNode present, JsonNode value, String key, String place) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        if (OPTIONAL_NUMBERS.contains(key)) {
            return value.isNull() ? value : nodes.numberNode(number(value, key, place));
        }
        if (present.isIntegralNumber()) {
            double number = number(value, key, place);
            if (number != Math.rint(number) || Math.abs(number) > 1L << 53) {
                throw wrong(place, key, value, "a whole number");
            }
            return nodes.numberNode((long) number);
        }
        if (present.isNumber()) {
            return nodes.numberNode(number(value, key, place));
        }
        if (present.isBoolean()) {
            if (!value.isBoolean()) {
                throw wrong(place, key, value, "true or false");
            }
            return value;
        }
        if (present.isArray()) {
            return list(value, key, place);
        }
        if (value.isArray()) {
            throw wrong(place, key, value, "a text");
        }
        return nodes.textNode(value.isNull() ? "" : value.asText());
    }

    private static JsonNode list(JsonNode value, String key, String place) {
        if (!value.isArray()) {
            throw wrong(place, key, value, "a list, [a, b]");
        }
        boolean texts = key.endsWith(".labels");
        var result = JsonNodeFactory.instance.arrayNode();
        for (JsonNode item : value) {
            if (item.isArray()) {
                result.add(list(item, key, place));
            } else if (texts) {
                result.add(item.asText());
            } else {
                result.add(number(item, key, place));
            }
        }
        return result;
    }

    /** YAML 1.1 takes 1e-5 for a text; users mean the number. */
    private static double number(JsonNode value, String key, String place) {
        try {
            if (value.isNumber() || value.isTextual()) {
                return Double.parseDouble(value.asText());
            }
        } catch (NumberFormatException e) {
            throw (UserException) wrong(place, key, value, "a number").initCause(e);
        }
        throw wrong(place, key, value, "a number");
    }

    private static UserException wrong(String place, String key, JsonNode value, String expected) {
        return new UserException(place + ": " + key + " is " + value + ", expected " + expected + ".");
    }
}

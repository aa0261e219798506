package org.s2d.verify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.weights.Checkpoint;

/**
 * A reference case: a folder with a {@code manifest.json} and safetensors files. Float64 values are stored as two F32
 * tensors {@code name} and {@code name.lo} whose sum they are. Everything loaded lives until the case is closed.
 */
public final class CaseFolder implements AutoCloseable {
    private static final long LARGEST_MANIFEST = 64L << 20;
    private static final Pattern SIBLING = Pattern.compile("inputs?\\s*[=:]\\s*(\\w+)/");

    private final Path path;
    private final JsonNode manifest;
    private final HostPool pool = new HostPool();
    private final Scope scope = new Scope(pool);
    private final Map<String, Checkpoint> files = new HashMap<>();
    private final Map<String, CaseFolder> siblings = new HashMap<>();

    private CaseFolder(Path path, JsonNode manifest) {
        this.path = path;
        this.manifest = manifest;
    }

    public static CaseFolder open(Path folder) {
        Path file = folder.resolve("manifest.json");
        try {
            if (!Files.isRegularFile(file)) {
                throw new UserException(
                        folder + ": no manifest.json. A case is a folder with a manifest and safetensors files.");
            }
            if (Files.size(file) > LARGEST_MANIFEST) {
                throw new UserException(file + ": larger than " + LARGEST_MANIFEST + " bytes; not a manifest.");
            }
            JsonNode manifest = new ObjectMapper().readTree(file.toFile());
            if (manifest == null || !manifest.path("case").isTextual()) {
                throw new UserException(file + ": no text field \"case\"; not a reference case.");
            }
            return new CaseFolder(folder, manifest);
        } catch (IOException e) {
            String message = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            throw new UserException(file + ": not readable as JSON: " + message, e);
        }
    }

    public String name() {
        return manifest.path("case").asText();
    }

    public Path path() {
        return path;
    }

    public JsonNode manifest() {
        return manifest;
    }

    public JsonNode config() {
        return manifest.path("config");
    }

    public JsonNode values() {
        return manifest.path("values");
    }

    /** The case whose inputs this one uses, when its description names one ({@code inputs = OTHER/io}); else itself. */
    public CaseFolder inputs() {
        List<String> texts = new ArrayList<>();
        texts.add(manifest.path("describe").asText());
        manifest.path("notes").forEach(note -> texts.add(note.asText()));
        for (String text : texts) {
            Matcher matcher = SIBLING.matcher(text);
            if (matcher.find()) {
                return sibling(matcher.group(1));
            }
        }
        return this;
    }

    /** The case folder of that name beside this one. */
    public CaseFolder sibling(String name) {
        return siblings.computeIfAbsent(name, key -> {
            Path folder = path.toAbsolutePath().normalize().resolveSibling(key);
            if (!Files.isDirectory(folder)) {
                throw new UserException(path + ": this case uses files of " + key + ", which is not beside it.");
            }
            return open(folder);
        });
    }

    /** True when the folder has such a file, with or without the ending .safetensors. */
    public boolean hasFile(String file) {
        return Files.isRegularFile(filePath(file));
    }

    public boolean has(String file, String tensor) {
        return hasFile(file) && file(file).tensors().containsKey(tensor);
    }

    /** Tensor names of a file in order, without the low halves of float64 values. */
    public Set<String> names(String file) {
        Set<String> all = file(file).tensors().keySet();
        Set<String> names = new LinkedHashSet<>();
        for (String name : all) {
            if (!name.endsWith(".lo") || !all.contains(name.substring(0, name.length() - 3))) {
                names.add(name);
            }
        }
        return names;
    }

    /** A tensor on the host, in its stored type. */
    public Tensor tensor(String file, String name) {
        Checkpoint source = file(file);
        if (!source.tensors().containsKey(name)) {
            throw new UserException(filePath(file) + ": no tensor " + name + ".");
        }
        return source.load(name, scope);
    }

    /** The float64 value of a tensor: high plus low half; null when the file has no such tensor. */
    public double @Nullable [] float64(String file, String name) {
        if (!has(file, name)) {
            return null;
        }
        double[] high = tensor(file, name).toDoubles();
        if (has(file, name + ".lo")) {
            double[] low = tensor(file, name + ".lo").toDoubles();
            for (int i = 0; i < high.length; i++) {
                high[i] += low[i];
            }
        }
        return high;
    }

    public long[] longs(String file, String name) {
        Tensor tensor = tensor(file, name);
        if (tensor.dtype() != DType.I64) {
            throw new UserException(filePath(file) + ": " + name + " is " + tensor.dtype() + ", expected I64.");
        }
        long[] values = new long[Math.toIntExact(tensor.numel())];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.getLong(i);
        }
        return values;
    }

    private Checkpoint file(String file) {
        return files.computeIfAbsent(file, key -> {
            if (!hasFile(key)) {
                throw new UserException(path + ": file " + filePath(key).getFileName() + " is missing.");
            }
            return Checkpoint.open(filePath(key));
        });
    }

    /** Where a file of the case lies; the ending .safetensors may be left out. */
    public Path filePath(String file) {
        Path exact = path.resolve(file);
        return Files.isRegularFile(exact) ? exact : path.resolve(file + ".safetensors");
    }

    @Override
    public void close() {
        siblings.values().forEach(CaseFolder::close);
        files.values().forEach(Checkpoint::close);
        scope.close();
        pool.close();
    }
}

package org.s2d.model.landmark;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

/**
 * Weights from a checkpoint's tensors, in PyTorch's own form or with BatchNorm folded into the convolutions. Remembers what
 * was asked for: afterwards {@link #missing} and {@link #unexpected} tell what did not fit. Denormal values are taken as zero:
 * published networks have dead channels with scales near 1e-40, which mean nothing and are slow.
 */
public final class NamedWeights implements LandmarkWeights {
    private static final String WRAPPER = "module.";

    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private final Set<String> used = new HashSet<>();
    private final List<String> missing = new ArrayList<>();

    /** Names may all carry the prefix {@code module.} of PyTorch's parallel wrapper. The tensors are read while building only. */
    public NamedWeights(Map<String, Tensor> tensors) {
        boolean wrapped = tensors.keySet().stream().allMatch(name -> name.startsWith(WRAPPER));
        tensors.forEach((name, tensor) -> this.tensors.put(wrapped ? name.substring(WRAPPER.length()) : name, tensor));
    }

    @Override
    public boolean has(String name) {
        return tensors.containsKey(name);
    }

    /** Zeros for a missing tensor, so that one attempt finds all that are missing. */
    @Override
    public double[] get(String name, Shape shape) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            missing.add(name);
            return new double[Math.toIntExact(shape.numel())];
        }
        used.add(name);
        if (!tensor.shape().equals(shape)) {
            throw new UserException("landmark weights: '" + name + "' has shape " + tensor.shape() + ", expected "
                    + shape + ". Is this the checkpoint of another network?");
        }
        double[] values = tensor.toDoubles();
        for (int i = 0; i < values.length; i++) {
            values[i] = flush(values[i]);
        }
        return values;
    }

    /** Zero where a float would be denormal. */
    static double flush(double value) {
        return Math.abs(value) < Float.MIN_NORMAL ? 0 : value;
    }

    /** Names that were asked for and are not there. */
    public List<String> missing() {
        return Collections.unmodifiableList(missing);
    }

    /** Names that nobody asked for, but for counters and what the networks are known to carry along unused. */
    public List<String> unexpected() {
        return tensors.keySet().stream()
                .filter(name -> !used.contains(name))
                .filter(name -> !name.endsWith(".num_batches_tracked"))
                .filter(name -> !name.startsWith("pretrain_net.") && !name.startsWith("bn8."))
                .toList();
    }

    void requireComplete(String network) {
        if (!missing.isEmpty()) {
            String names = String.join(", ", missing.subList(0, Math.min(3, missing.size())));
            throw new UserException("landmark weights: " + missing.size() + " tensors of " + network
                    + " are missing (" + names + (missing.size() > 3 ? ", ..." : "")
                    + "). Is this the checkpoint of another network?");
        }
    }
}

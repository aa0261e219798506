package org.s2d.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dFlops;
import org.s2d.model.s2d.S2dModel;
import org.s2d.model.s4d.PretrainingConfig;
import org.s2d.model.s4d.S4dConfig;
import org.s2d.model.s4d.S4dModel;
import org.s2d.model.s4d.S4dPretraining;
import org.s2d.nn.Module;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.train.step.FreezeRule;
import org.s2d.weights.StateDictMatch;
import org.s2d.weights.StateDictMatcher;

/** A model by name, without its weights: names and shapes of its parameters. */
final class ModelOutline {
    static final String NAMES =
            "s2d-base, s2d-small or s2d-tiny, with -image for the model of single frames; s4d-base, s4d-small,"
                    + " s4d-large or s4d-tiny, with -pretraining for the masked auto-encoder.";

    private static final String PRETRAINING = "-pretraining";

    private final Function<ParameterFactory, Module> build;
    private final @Nullable S2dConfig s2d;

    private ModelOutline(Function<ParameterFactory, Module> build, @Nullable S2dConfig s2d) {
        this.build = build;
        this.s2d = s2d;
    }

    /** One of {@link #NAMES}; {@code classes} of each head. */
    static ModelOutline of(String name, int classes) {
        if (!name.startsWith("s4d-")) {
            S2dConfig config = S2dConfig.preset(name, classes);
            return new ModelOutline(factory -> new S2dModel(factory, config), config);
        }
        String size = name.substring("s4d-".length());
        if (size.endsWith(PRETRAINING)) {
            String encoder = size.substring(0, size.length() - PRETRAINING.length());
            PretrainingConfig config = PretrainingConfig.of(S4dConfig.vit(encoder));
            return new ModelOutline(factory -> new S4dPretraining(factory, config), null);
        }
        S4dConfig config = S4dConfig.of(S4dConfig.vit(size), classes, classes);
        return new ModelOutline(factory -> new S4dModel(factory, config), null);
    }

    /** Compares a checkpoint's tensors with the model's, by the rules of its kind. */
    StateDictMatch match(Map<String, Shape> stored) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        visit(model -> model.parameters().forEach((name, parameter) -> shapes.put(name, parameter.shape())));
        return s2d == null ? StateDictMatcher.matchS4d(stored, shapes) : StateDictMatcher.matchS2d(stored, shapes);
    }

    /** Prints the tree of modules with shapes, and the totals. */
    void print(PrintWriter out) {
        visit(model -> {
            printTree(model, 0, out);
            long all = model.parameters().values().stream()
                    .mapToLong(parameter -> parameter.shape().numel())
                    .sum();
            out.printf(Locale.ROOT, "%nparameters  %,15d%n", all);
            if (model instanceof S2dModel frozen && s2d != null) {
                long trainable = FreezeRule.S2D.apply(frozen);
                out.printf(Locale.ROOT, "trainable   %,15d  (fine-tuning: the rest is frozen)%n", trainable);
                double forward = S2dFlops.of(s2d).forward() / 1e9;
                out.printf(Locale.ROOT, "forward     %,15.1f  GFLOP per clip of %d frames%n", forward, s2d.frames());
            }
        });
    }

    private void visit(Consumer<Module> visitor) {
        try (ReferenceDevice device = new ReferenceDevice(new HostPool());
                Scope scope = new Scope(device.allocator())) {
            visitor.accept(build.apply(ParameterFactory.outline(device, scope)));
        }
    }

    private static void printTree(Module module, int depth, PrintWriter out) {
        String indent = "  ".repeat(depth);
        for (Parameter parameter : module.ownParameters()) {
            out.printf("%s%s %s%n", indent, lastName(parameter.name(), module.path()), parameter.shape());
        }
        for (Module part : module.parts()) {
            if (part.path().equals(module.path())) {
                printTree(part, depth, out); // is named as if it were the module itself
                continue;
            }
            out.printf(
                    "%s%s: %s%n",
                    indent,
                    lastName(part.path(), module.path()),
                    part.getClass().getSimpleName());
            printTree(part, depth + 1, out);
        }
    }

    private static String lastName(String full, String parent) {
        return parent.isEmpty() ? full : full.substring(parent.length() + 1);
    }
}

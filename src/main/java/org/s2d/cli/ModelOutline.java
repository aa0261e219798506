package org.s2d.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dFlops;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.Module;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.train.FreezeRule;

/** Names and shapes of a model, without its weights. */
final class ModelOutline {
    private ModelOutline() {}

    /** Parameter shapes by name, in state-dict order. */
    static Map<String, Shape> shapes(S2dConfig config) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        visit(config, model -> model.parameters().forEach((name, parameter) -> shapes.put(name, parameter.shape())));
        return shapes;
    }

    /** Prints the tree of modules with shapes, and the totals. */
    static void print(S2dConfig config, PrintWriter out) {
        visit(config, model -> {
            printTree(model, 0, out);
            long all = model.parameters().values().stream()
                    .mapToLong(parameter -> parameter.shape().numel())
                    .sum();
            long trainable = FreezeRule.S2D.apply(model);
            out.printf(Locale.ROOT, "%nparameters  %,15d%n", all);
            out.printf(Locale.ROOT, "trainable   %,15d  (fine-tuning: the rest is frozen)%n", trainable);
            double forward = S2dFlops.of(config).forward() / 1e9;
            out.printf(Locale.ROOT, "forward     %,15.1f  GFLOP per clip of %d frames%n", forward, config.frames());
        });
    }

    private interface Visitor {
        void visit(S2dModel model);
    }

    private static void visit(S2dConfig config, Visitor visitor) {
        try (ReferenceDevice device = new ReferenceDevice(new HostPool());
                Scope scope = new Scope(device.allocator())) {
            visitor.visit(new S2dModel(ParameterFactory.outline(device, scope), config));
        }
    }

    private static void printTree(Module module, int depth, PrintWriter out) {
        String indent = "  ".repeat(depth);
        for (Parameter parameter : module.ownParameters()) {
            out.printf("%s%s %s%n", indent, lastName(parameter.name(), module.path()), parameter.shape());
        }
        for (Module part : module.parts()) {
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

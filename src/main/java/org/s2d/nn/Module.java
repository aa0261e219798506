package org.s2d.nn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;

/** A layer or model: its parameters and its parts, in the order of the PyTorch state dict. */
public abstract class Module {
    private final String path;
    private final List<Parameter> own = new ArrayList<>();
    private final List<Module> parts = new ArrayList<>();

    protected Module(ParameterFactory factory) {
        path = factory.path();
    }

    /** Where this module stands in its model: {@code blocks.3.attn}. */
    public final String path() {
        return path;
    }

    protected final Parameter register(Parameter parameter) {
        own.add(parameter);
        return parameter;
    }

    protected final ParameterStack register(ParameterStack stack) {
        own.addAll(stack.members());
        return stack;
    }

    protected final <M extends Module> M register(M part) {
        parts.add(part);
        return part;
    }

    /** Direct parts, in order. */
    public final List<Module> parts() {
        return Collections.unmodifiableList(parts);
    }

    /** Parameters of this module alone, in order. */
    public final List<Parameter> ownParameters() {
        return Collections.unmodifiableList(own);
    }

    /** All parameters by full name, in state-dict order. */
    public final Map<String, Parameter> parameters() {
        Map<String, Parameter> all = new LinkedHashMap<>();
        collect(all);
        return all;
    }

    private void collect(Map<String, Parameter> all) {
        own.forEach(parameter -> all.put(parameter.name(), parameter));
        parts.forEach(part -> part.collect(all));
    }

    /** Shows a result of this module to whoever watches the tape. */
    protected final Var observed(Tape tape, String what, Var result) {
        tape.observe(path.isEmpty() ? what : path + "." + what, result);
        return result;
    }
}

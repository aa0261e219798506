package org.s2d.nn;

import java.util.SplittableRandom;
import org.s2d.device.Device;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Makes the parameters of one module: knows device, scope and the module's path, and draws initial values from a seed. */
public final class ParameterFactory {
    private final Device device;
    private final Scope scope;
    private final SplittableRandom random;
    private final String path;
    private final boolean outline;

    private ParameterFactory(Device device, Scope scope, SplittableRandom random, String path, boolean outline) {
        this.device = device;
        this.scope = scope;
        this.random = random;
        this.path = path;
        this.outline = outline;
    }

    /** The factory of a model; parameters live as long as {@code scope}. */
    public static ParameterFactory root(Device device, Scope scope, long seed) {
        return new ParameterFactory(device, scope, new SplittableRandom(seed), "", false);
    }

    /** For a model that only has names and shapes: every parameter is one number seen many times. */
    public static ParameterFactory outline(Device device, Scope scope) {
        return new ParameterFactory(device, scope, new SplittableRandom(0), "", true);
    }

    /** The factory of a part of this module. */
    public ParameterFactory child(String name) {
        return new ParameterFactory(device, scope, random, full(name), outline);
    }

    /** Path of the module, as the prefix of its parameters' names; empty for the model itself. */
    public String path() {
        return path;
    }

    public Parameter parameter(String name, Init init, int... dims) {
        Shape shape = Shape.of(dims);
        if (outline) {
            Tensor one = scope.allocate(device.floatType(), Shape.of());
            return new Parameter(full(name), scope, one.expand(shape));
        }
        Tensor value = scope.allocate(device.floatType(), shape);
        float[] values = new float[Math.toIntExact(shape.numel())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) init.next(shape, random);
        }
        device.upload(value, values);
        return new Parameter(full(name), scope, value);
    }

    private String full(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }
}

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

    private ParameterFactory(Device device, Scope scope, SplittableRandom random, String path) {
        this.device = device;
        this.scope = scope;
        this.random = random;
        this.path = path;
    }

    /** The factory of a model; parameters live as long as {@code scope}. */
    public static ParameterFactory root(Device device, Scope scope, long seed) {
        return new ParameterFactory(device, scope, new SplittableRandom(seed), "");
    }

    /** The factory of a part of this module. */
    public ParameterFactory child(String name) {
        return new ParameterFactory(device, scope, random, full(name));
    }

    /** Path of the module, as the prefix of its parameters' names; empty for the model itself. */
    public String path() {
        return path;
    }

    public Parameter parameter(String name, Init init, int... dims) {
        Shape shape = Shape.of(dims);
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

package org.s2d.nn;

import java.util.SplittableRandom;
import org.s2d.device.Device;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Makes the parameters of one module: knows device, scope and the module's path, and draws initial values from a seed. */
public final class ParameterFactory {
    private static final double DEFAULT_STD = 0.02;

    private final Device device;
    private final Scope scope;
    private final SplittableRandom random;
    private final String path;
    private final boolean outline;
    private final double linearStd;

    private ParameterFactory(
            Device device, Scope scope, SplittableRandom random, String path, boolean outline, double linearStd) {
        this.device = device;
        this.scope = scope;
        this.random = random;
        this.path = path;
        this.outline = outline;
        this.linearStd = linearStd;
    }

    /** The factory of a model; parameters live as long as {@code scope}. */
    public static ParameterFactory root(Device device, Scope scope, long seed) {
        return new ParameterFactory(device, scope, new SplittableRandom(seed), "", false, DEFAULT_STD);
    }

    /** For a model that only has names and shapes: every parameter is one number seen many times. */
    public static ParameterFactory outline(Device device, Scope scope) {
        return new ParameterFactory(device, scope, new SplittableRandom(0), "", true, DEFAULT_STD);
    }

    /** The factory of a part of this module. */
    public ParameterFactory child(String name) {
        return new ParameterFactory(device, scope, random, full(name), outline, linearStd);
    }

    /** The same factory with another standard deviation for linear layers and tokens; 0.02 unless set. */
    public ParameterFactory withLinearStd(double std) {
        return new ParameterFactory(device, scope, random, path, outline, std);
    }

    /** The truncated normal of linear layers and tokens. */
    public Init linearInit() {
        return Init.truncatedNormal(linearStd);
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

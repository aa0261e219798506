package org.s2d.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
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
    private final Values values;
    private final double linearStd;

    /** What new parameters hold. */
    private enum Values {
        DRAWN,
        /** Whatever was in their memory, until a checkpoint is loaded. */
        UNDEFINED,
        /** One number, seen many times. */
        NONE
    }

    private ParameterFactory(
            Device device, Scope scope, SplittableRandom random, String path, Values values, double linearStd) {
        this.device = device;
        this.scope = scope;
        this.random = random;
        this.path = path;
        this.values = values;
        this.linearStd = linearStd;
    }

    /** The factory of a model; parameters live as long as {@code scope}. */
    public static ParameterFactory root(Device device, Scope scope, long seed) {
        return new ParameterFactory(device, scope, new SplittableRandom(seed), "", Values.DRAWN, DEFAULT_STD);
    }

    /** For a model that is filled from a checkpoint before it is used: nothing is drawn, which takes seconds for a large model. */
    public static ParameterFactory undefined(Device device, Scope scope) {
        return new ParameterFactory(device, scope, new SplittableRandom(0), "", Values.UNDEFINED, DEFAULT_STD);
    }

    /** For a model that only has names and shapes: every parameter is one number seen many times. */
    public static ParameterFactory outline(Device device, Scope scope) {
        return new ParameterFactory(device, scope, new SplittableRandom(0), "", Values.NONE, DEFAULT_STD);
    }

    /** The factory of a part of this module. */
    public ParameterFactory child(String name) {
        return new ParameterFactory(device, scope, random, full(name), values, linearStd);
    }

    /** The same factory with another standard deviation for linear layers and tokens; 0.02 unless set. */
    public ParameterFactory withLinearStd(double std) {
        return new ParameterFactory(device, scope, random, path, values, std);
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
        if (values == Values.NONE) {
            Tensor one = scope.allocate(device.floatType(), Shape.of());
            return new Parameter(full(name), scope, one.expand(shape));
        }
        return filled(name, init, scope.allocate(device.floatType(), shape));
    }

    private Parameter filled(String name, Init init, Tensor value) {
        if (values == Values.DRAWN) {
            float[] drawn = new float[Math.toIntExact(value.numel())];
            for (int i = 0; i < drawn.length; i++) {
                drawn[i] = (float) init.next(value.shape(), random);
            }
            device.upload(value, drawn);
        }
        return new Parameter(full(name), scope, value);
    }

    /** Parameters side by side, each of the given size; null for a place that stays zero. */
    public ParameterStack stack(List<@Nullable String> names, Init init, int... dims) {
        int[] all = new int[dims.length + 1];
        all[0] = names.size();
        System.arraycopy(dims, 0, all, 1, dims.length);
        Tensor value = constant(all);
        List<@Nullable Parameter> members = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            Tensor own = value.select(0, i);
            members.add(name == null ? null : filled(name, init, own));
        }
        return new ParameterStack(scope, value, members);
    }

    /** Numbers that never train and are in no checkpoint, in row-major order. Without any: zeros. */
    public Tensor constant(int[] dims, float... numbers) {
        Shape shape = Shape.of(dims);
        if (values == Values.NONE) {
            return scope.allocate(device.floatType(), Shape.of()).expand(shape);
        }
        Tensor tensor = scope.allocate(device.floatType(), shape);
        if (numbers.length == 0) {
            device.elementwise().fill(tensor, 0);
        } else {
            device.upload(tensor, numbers);
        }
        return tensor;
    }

    private String full(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }
}

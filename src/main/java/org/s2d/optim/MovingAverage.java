package org.s2d.optim;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.s2d.device.Device;
import org.s2d.nn.Parameter;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** Exponential moving average of a model's parameters, {@code average = decay * average + (1 - decay) * value}. Source: timm ModelEma. */
public final class MovingAverage {
    private final Device device;
    private final double decay;
    private final Map<String, Tensor> averages = new LinkedHashMap<>();
    private final List<Parameter> parameters;

    /** Starts from the present values; the averages live in {@code scope}. */
    public MovingAverage(Collection<Parameter> parameters, double decay, Device device, Scope scope) {
        this.device = device;
        this.decay = decay;
        this.parameters = List.copyOf(parameters);
        for (Parameter parameter : this.parameters) {
            averages.put(parameter.name(), scope.allocate(device.floatType(), parameter.shape()));
        }
        restart();
    }

    /** Forgets the past: the averages are the present values. */
    public void restart() {
        for (Parameter parameter : parameters) {
            device.elementwise().copy(average(parameter), parameter.value());
        }
    }

    private Tensor average(Parameter parameter) {
        Tensor average = averages.get(parameter.name());
        if (average == null) {
            throw new IllegalStateException("no average of " + parameter.name());
        }
        return average;
    }

    /** To be called after each optimiser step. */
    public void update() {
        List<Tensor> values = new ArrayList<>();
        parameters.forEach(parameter -> values.add(parameter.value()));
        device.optimizers().movingAverage(List.copyOf(averages.values()), values, decay);
    }

    /** The averages by parameter name. */
    public Map<String, Tensor> averages() {
        return Collections.unmodifiableMap(averages);
    }

    /** Exchanges averages and parameters: call it before evaluating the averaged model, and again afterwards. */
    public void exchange() {
        for (Parameter parameter : parameters) {
            Tensor average = average(parameter);
            try (Scope scratch = new Scope(device.allocator())) {
                Tensor value = scratch.allocate(parameter.value().dtype(), parameter.shape());
                device.elementwise().copy(value, parameter.value());
                device.elementwise().copy(parameter.value(), average);
                device.elementwise().copy(average, value);
            }
            parameter.changed();
        }
    }
}

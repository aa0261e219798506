package org.s2d.optim;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Device;
import org.s2d.device.Optimizers.AdamWStep;
import org.s2d.device.Optimizers.Slot;
import org.s2d.device.PreparedAdamW;
import org.s2d.nn.Parameter;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

/**
 * AdamW with decoupled weight decay, in PyTorch's order of operations ({@link org.s2d.device.Optimizers#adamW}). A parameter
 * without a gradient is skipped: no decay, no moments, and its step count stands still. Moments live in the given scope and
 * are made when a parameter has its first gradient. Source: torch.optim.AdamW.
 */
public final class AdamW {
    /** The constants of the method. */
    public record Options(double beta1, double beta2, double eps) {
        public static final Options DEFAULT = new Options(0.9, 0.999, 1e-8);

        public Options {
            if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && eps >= 0)) {
                throw new UserException("adamw: betas " + beta1 + ", " + beta2 + " must be in [0, 1) and eps " + eps
                        + " not negative.");
            }
        }
    }

    /** One group of parameters, as states of optimisers are written: {@code size} parameters in a row of {@link #names}. */
    public record GroupSettings(Options options, boolean decay, double lrScale, int size) {}

    /** What one parameter's updates have left behind; the tensors are the optimiser's own. */
    public record Moments(String name, long step, Tensor expAvg, Tensor expAvgSq) {}

    private static final class State {
        final Parameter parameter;
        final boolean decay;
        final double lrScale;
        long step;

        @Nullable
        Tensor expAvg;

        @Nullable
        Tensor expAvgSq;

        State(Parameter parameter, boolean decay, double lrScale) {
            this.parameter = parameter;
            this.decay = decay;
            this.lrScale = lrScale;
        }
    }

    private final Options options;
    private final Device device;
    private final Scope scope;
    private final Map<String, State> states = new LinkedHashMap<>();
    private final List<GroupSettings> groups = new ArrayList<>();
    private final Map<List<State>, PreparedAdamW> preparations = new HashMap<>();
    private @Nullable PreparedAdamW prepared;
    /** Whose tensors {@link #prepared} has: those with a gradient in the latest step. */
    private List<State> updated = List.of();

    private double lr;
    private double weightDecay;

    public AdamW(List<ParameterGroups.Group> parameterGroups, Options options, Device device, Scope scope) {
        this.options = options;
        this.device = device;
        this.scope = scope;
        for (ParameterGroups.Group group : parameterGroups) {
            groups.add(new GroupSettings(
                    options, group.decay(), group.lrScale(), group.parameters().size()));
            for (Parameter parameter : group.parameters()) {
                State state = new State(parameter, group.decay(), group.lrScale());
                if (states.put(parameter.name(), state) != null) {
                    throw new IllegalArgumentException("adamw: " + parameter.name() + " is in two groups");
                }
            }
        }
    }

    /** Names of the parameters, group by group. */
    public List<String> names() {
        return List.copyOf(states.keySet());
    }

    /** The groups in order. */
    public List<GroupSettings> groups() {
        return List.copyOf(groups);
    }

    /** Forgets all gradients. */
    public void zeroGrad() {
        states.values().forEach(state -> state.parameter.zeroGrad());
    }

    /** The gradients that there are. */
    public List<Tensor> gradients() {
        List<Tensor> gradients = new ArrayList<>();
        for (State state : states.values()) {
            Tensor gradient = state.parameter.grad();
            if (gradient != null) {
                gradients.add(gradient);
            }
        }
        return gradients;
    }

    /** 2-norm over all gradients; NaN or infinity where any of their elements is. */
    public double gradNorm() {
        return device.optimizers().norm(gradients());
    }

    /** Factor that brings gradients of norm {@code norm} down to {@code maxNorm}, never above 1. Source: torch.nn.utils.clip_grad_norm_. */
    public static double clipFactor(double norm, double maxNorm) {
        return Math.min(1, maxNorm / (norm + 1e-6));
    }

    /**
     * One update of every parameter that has a gradient.
     *
     * @param newLr learning rate, before a group's scale
     * @param newWeightDecay for the groups that decay
     * @param gradientScale factor on all gradients: clipping, unscaling
     */
    public void step(double newLr, double newWeightDecay, double gradientScale) {
        setRates(newLr, newWeightDecay);
        try (Scope scratch = new Scope(device.allocator())) {
            Tensor factor = scratch.allocate(DType.F64, Shape.of(1));
            device.upload(factor, (float) gradientScale);
            update(factor);
        }
        applied();
    }

    // The parts of a step. All but the first and the last never wait for the device, and can be recorded and repeated.

    /** Learning rate, before a group's scale, and weight decay, for the groups that decay, of the updates from now on. */
    public void setRates(double newLr, double newWeightDecay) {
        lr = newLr;
        weightDecay = newWeightDecay;
        if (prepared != null) {
            prepared.rates(rates());
        }
    }

    /** Norm of the gradients and factor for {@link #update}: see {@link PreparedAdamW#judge}. */
    public void judge(Tensor report, Tensor watched, double maxNorm, double unscale) {
        prepare().judge(report, watched, maxNorm, unscale);
    }

    /** Updates every parameter that has a gradient, unless {@code factor} (F64 [1], on the device) is not finite. */
    public void update(Tensor factor) {
        prepare().update(factor);
        updated.forEach(state -> state.parameter.changed());
    }

    /** Counts an update that took place; one that was skipped is as if it had not been enqueued. */
    public void applied() {
        updated.forEach(state -> state.step++);
    }

    /** The weights have changed without this program's doing, as a recorded step changes them. */
    public void weightsChanged() {
        states.values().forEach(state -> state.parameter.changed());
    }

    private PreparedAdamW prepare() {
        List<State> now = states.values().stream()
                .filter(state -> state.parameter.grad() != null)
                .toList();
        PreparedAdamW present = prepared;
        if (present == null || !now.equals(updated)) {
            present = preparations.computeIfAbsent(now, this::prepare);
            prepared = present;
            updated = now;
            present.rates(rates());
        }
        return present;
    }

    private PreparedAdamW prepare(List<State> now) {
        List<Slot> slots = new ArrayList<>();
        for (State state : now) {
            Moments moments = moments(state);
            slots.add(new Slot(
                    state.parameter.value(),
                    Objects.requireNonNull(state.parameter.grad()),
                    moments.expAvg(),
                    moments.expAvgSq(),
                    0,
                    0));
        }
        return device.optimizers()
                .prepare(scope, slots, new AdamWStep(1, options.beta1(), options.beta2(), options.eps(), 1));
    }

    private List<PreparedAdamW.Rate> rates() {
        return updated.stream()
                .map(state -> new PreparedAdamW.Rate(state.step + 1, lr * state.lrScale, state.decay ? weightDecay : 0))
                .toList();
    }

    private Moments moments(State state) {
        Tensor expAvg = state.expAvg;
        Tensor expAvgSq = state.expAvgSq;
        if (expAvg == null || expAvgSq == null) {
            expAvg = zeros(state.parameter);
            expAvgSq = zeros(state.parameter);
            state.expAvg = expAvg;
            state.expAvgSq = expAvgSq;
        }
        return new Moments(state.parameter.name(), state.step, expAvg, expAvgSq);
    }

    private Tensor zeros(Parameter parameter) {
        Tensor zeros = scope.allocate(device.floatType(), parameter.shape());
        device.elementwise().fill(zeros, 0);
        return zeros;
    }

    /** Moments and step counts of all parameters that were ever updated, by name. */
    public Map<String, Moments> state() {
        Map<String, Moments> result = new LinkedHashMap<>();
        states.forEach((name, state) -> {
            if (state.expAvg != null) {
                result.put(name, moments(state));
            }
        });
        return result;
    }

    /** Continues where the optimiser that had these moments (host tensors of the parameter's shape) stood. */
    public void restore(Moments saved) {
        State state = states.get(saved.name());
        if (state == null) {
            throw new UserException("optimiser state: " + saved.name() + " does not train in this run.");
        }
        if (!saved.expAvg().shape().equals(state.parameter.shape())
                || !saved.expAvgSq().shape().equals(state.parameter.shape())) {
            throw new ShapeException(
                    "optimiser state: moments " + saved.expAvg().shape() + " for parameter " + state.parameter);
        }
        Moments own = moments(state);
        device.upload(own.expAvg(), saved.expAvg());
        device.upload(own.expAvgSq(), saved.expAvgSq());
        state.step = saved.step();
    }
}

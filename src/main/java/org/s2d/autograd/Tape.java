package org.s2d.autograd;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Device;
import org.s2d.device.Elementwise;
import org.s2d.device.Seed;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Storage;
import org.s2d.tensor.Tensor;

/**
 * Where operations run: a device, a precision, a stack of scopes for their results and, when recording, the list of
 * operations to differentiate. {@link #backward} walks the list in reverse; what an operation kept is released as soon as
 * its rule has run. Operations whose inputs need no gradient are not recorded and keep nothing.
 */
public final class Tape implements AutoCloseable {
    /** Whether gradients will be asked for. */
    public enum Gradients {
        RECORD,
        NONE
    }

    /** Turns the gradient of an operation's output into gradients of its inputs, with {@link Tape#accumulate}. */
    @FunctionalInterface
    public interface Backward {
        void apply(Tensor gradOut);
    }

    /** Of the memory, in messages. */
    private static final String OWNER = "activations";

    private record Node(String name, Var output, List<Storage> kept, Backward rule) {}

    private final Device device;
    private final DType computeType;
    private final Gradients gradients;
    private final @Nullable Seed dropoutSeed;
    private final Part part;
    private final List<Node> nodes = new ArrayList<>();
    private final List<Var> inputs = new ArrayList<>();
    private final Deque<Scope> scopes = new ArrayDeque<>();
    private @Nullable Observer observer;
    private long draws;

    /** Watches results inside a model, for verification and reports. */
    @FunctionalInterface
    public interface Observer {
        void onResult(String name, Var result);
    }

    private Tape(Device device, Precision precision, Gradients gradients, @Nullable Seed dropoutSeed, Part part) {
        this.device = device;
        this.computeType = precision.computeType(device);
        this.gradients = gradients;
        this.dropoutSeed = dropoutSeed;
        this.part = part;
        scopes.push(new Scope(device.allocator(), OWNER));
    }

    /** Inference behaviour: dropout and stochastic depth do nothing. */
    public static Tape evaluating(Device device, Precision precision, Gradients gradients) {
        return new Tape(device, precision, gradients, null, Part.WHOLE);
    }

    /** Training behaviour; all random decisions are functions of {@code seed}, so a step can be repeated exactly. */
    public static Tape training(Device device, Precision precision, Gradients gradients, long seed) {
        return training(device, precision, gradients, Seed.of(Seed.spread(seed)));
    }

    /** As above, for steps that are recorded and repeated: part of the seed lies in memory. {@link Seed#spread} keeps steps apart. */
    public static Tape training(Device device, Precision precision, Gradients gradients, Seed seed) {
        return training(device, precision, gradients, seed, Part.WHOLE);
    }

    /** As above, for some samples of a batch: what is random for them is what it would be with the others beside them. */
    public static Tape training(Device device, Precision precision, Gradients gradients, Seed seed, Part part) {
        return new Tape(device, precision, gradients, seed, part);
    }

    public Device device() {
        return device;
    }

    /** Type in which matrix products take their operands. */
    public DType computeType() {
        return computeType;
    }

    /** The device's master type: F32, or F64 on the reference device. */
    public DType floatType() {
        return device.floatType();
    }

    public boolean isTraining() {
        return dropoutSeed != null;
    }

    /** A fresh seed for one random operation of this step. */
    public Seed nextSeed() {
        if (dropoutSeed == null) {
            throw new IllegalStateException("random operation on an evaluating tape");
        }
        return dropoutSeed.plus(++draws);
    }

    /** Which samples of a batch these are. */
    public Part part() {
        return part;
    }

    /** Shows every result that modules name; the values live only during the call. */
    public void setObserver(Observer watcher) {
        observer = watcher;
    }

    public boolean isObserved() {
        return observer != null;
    }

    public void observe(String name, Var result) {
        if (observer != null) {
            observer.onResult(name, result);
        }
    }

    // Values

    /** A variable for data from outside; its gradient, if wanted, is found in {@link Var#grad} until the tape closes. */
    public Var input(Tensor value, boolean requiresGrad) {
        Var variable = new Var(value, requiresGrad && gradients == Gradients.RECORD, null);
        inputs.add(variable);
        return variable;
    }

    public Var constant(Tensor value) {
        return new Var(value, false, null);
    }

    /** A variable for a parameter; gradients go to the parameter itself. */
    public Var leaf(Leaf leaf) {
        return new Var(leaf.value(), leaf.requiresGrad() && gradients == Gradients.RECORD, leaf);
    }

    /** A contiguous tensor in the innermost scope, content undefined. */
    public Tensor allocate(DType type, Shape shape) {
        return scope().allocate(type, shape);
    }

    /** The innermost scope. */
    public Scope scope() {
        return scopes.element();
    }

    /** The value in {@code type}: itself, the leaf's cached copy, or a converted copy in the innermost scope. */
    public Tensor valueAs(Var variable, DType type) {
        if (variable.value().dtype() == type) {
            return variable.value();
        }
        Leaf leaf = variable.leaf();
        return leaf != null ? leaf.valueAs(type, device) : convert(variable.value(), type);
    }

    /** A contiguous tensor of {@code type} with the same elements: itself where possible. */
    public Tensor convert(Tensor tensor, DType type) {
        if (tensor.dtype() == type && tensor.isContiguous()) {
            return tensor;
        }
        Tensor copy = allocate(type, tensor.shape());
        device.elementwise().copy(copy, tensor);
        return copy;
    }

    /** The tensor itself when it is contiguous, else a contiguous copy in the innermost scope. */
    public Tensor contiguous(Tensor tensor) {
        return convert(tensor, tensor.dtype());
    }

    // Lifetimes

    /** Opens an inner scope: everything allocated in it goes when it closes, but for what it keeps or the tape needs. */
    public Frame frame() {
        Scope outer = scope();
        Scope inner = new Scope(device.allocator(), OWNER);
        scopes.push(inner);
        return new Frame(outer, inner);
    }

    /** A stretch of operations whose intermediate results are not needed afterwards. */
    public final class Frame implements AutoCloseable {
        private final Scope outer;
        private final Scope inner;

        private Frame(Scope outer, Scope inner) {
            this.outer = outer;
            this.inner = inner;
        }

        /** Lets a result live as long as the surrounding scope. */
        public Var keep(Var result) {
            outer.keep(result.value());
            return result;
        }

        @Override
        public void close() {
            if (scopes.pop() != inner) {
                throw new IllegalStateException("frames closed out of order");
            }
            inner.close();
        }
    }

    // Recording

    /** True when recording and any of the inputs needs a gradient: only then is {@link #record} worth preparing. */
    public boolean needsGrad(@Nullable Var... operands) {
        return gradients == Gradients.RECORD
                && Arrays.stream(operands).anyMatch(operand -> operand != null && operand.requiresGrad());
    }

    /**
     * The result of an operation together with its backward rule. {@code kept} are the tensors the rule reads: they stay
     * alive until it has run.
     */
    public Var record(String name, Tensor output, List<Tensor> kept, Backward rule) {
        return record(name, output, kept, rule, null);
    }

    /**
     * As above, for a result that is soon computed again: {@code again} does that, in the innermost scope and from what the rule reads, so that
     * operations which read the result in their own rules need not keep it.
     */
    public Var record(String name, Tensor output, List<Tensor> kept, Backward rule, @Nullable Supplier<Tensor> again) {
        Var result = new Var(output, true, null, again);
        List<Storage> storages = new ArrayList<>(kept.size());
        for (Tensor tensor : kept) {
            storages.add(tensor.storage().retain());
        }
        nodes.add(new Node(name, result, storages, rule));
        return result;
    }

    /** Whether {@link #reading} computes an operand again. */
    public boolean computesAgain(Var operand) {
        return device.computesAgain() && operand.again() != null;
    }

    /**
     * What a rule reads of an operand, to be asked for in the rule: the operand computed again, once for all who read it, where {@link #record} was
     * told how and the device is for it; otherwise {@code used}, which is added to {@code kept}.
     *
     * @param used the operand as the operation takes it: the elements in their order, maybe a copy in another type
     */
    public Supplier<Tensor> reading(Var operand, Tensor used, List<Tensor> kept) {
        Supplier<Tensor> again = device.computesAgain() ? operand.again() : null;
        if (again == null || used.storage() != operand.value().storage()) {
            kept.add(used);
            return () -> used;
        }
        return () -> {
            Tensor copy = operand.copy();
            if (copy == null) {
                copy = again.get();
                copy.storage().retain();
                operand.setCopy(copy);
            }
            return copy.reshape(used.shape());
        };
    }

    /** Adds a gradient to a variable; sums over dimensions that were broadcast. Does nothing where none is needed. */
    public void accumulate(@Nullable Var variable, Tensor gradient) {
        if (variable == null || !variable.requiresGrad()) {
            return;
        }
        Tensor fitted = gradient;
        if (!gradient.shape().equals(variable.shape())) {
            fitted = allocate(floatType(), variable.shape());
            device.elementwise().sumTo(fitted, gradient);
        }
        Leaf leaf = variable.leaf();
        if (leaf != null) {
            leaf.accumulate(fitted, device);
            return;
        }
        Tensor present = variable.grad();
        if (present == null) {
            fitted.storage().retain();
            variable.setGrad(fitted, false);
        } else if (variable.ownsGrad()) {
            device.elementwise().addScaled(present, fitted, 1);
        } else {
            // The present gradient may be shared with another variable, so the sum needs memory of its own.
            Tensor sum = Tensor.contiguous(
                    device.allocator()
                            .allocate(present.numel() * present.dtype().bytes(), OWNER),
                    present.dtype(),
                    present.shape());
            device.elementwise().binary(Elementwise.Binary.ADD, sum, present, fitted);
            present.storage().release();
            variable.setGrad(sum, true);
        }
    }

    /** Gradients of a scalar with respect to every input and parameter that wants one. */
    public void backward(Var loss) {
        if (loss.value().numel() != 1) {
            throw new ShapeException(
                    "backward: a scalar is needed, got shape " + loss.shape() + "; use backward(out, grad)");
        }
        Tensor one = allocate(floatType(), loss.shape());
        device.elementwise().fill(one, 1);
        backward(List.of(loss), List.of(one));
    }

    /** Gradients of {@code sum_i sum(outputs[i] * gradients[i])}. May be called once per tape. */
    public void backward(List<Var> outputs, List<Tensor> gradients) {
        for (int i = 0; i < outputs.size(); i++) {
            if (!outputs.get(i).shape().equals(gradients.get(i).shape())) {
                throw new ShapeException(
                        "backward: gradient " + gradients.get(i).shape() + " for output "
                                + outputs.get(i).shape());
            }
            accumulate(outputs.get(i), gradients.get(i));
        }
        while (!nodes.isEmpty()) {
            Node node = nodes.removeLast();
            try (Frame frame = frame()) {
                Tensor gradOut = node.output().grad();
                if (gradOut != null) {
                    try {
                        node.rule().apply(gradOut);
                    } catch (ShapeException e) {
                        throw e.at("backward of " + node.name());
                    }
                }
            } finally {
                discard(node);
            }
        }
    }

    private static void discard(Node node) {
        node.kept().forEach(Storage::release);
        dropGrad(node.output());
        Tensor copy = node.output().copy();
        if (copy != null) {
            copy.storage().release();
            node.output().setCopy(null);
        }
    }

    private static void dropGrad(Var variable) {
        Tensor grad = variable.grad();
        if (grad != null) {
            grad.storage().release();
            variable.setGrad(null, false);
        }
    }

    /**
     * Where a rule puts a result that it computes element by element: over the gradient that it was given, if nobody else holds that, or in
     * memory of its own.
     */
    public Tensor over(Tensor gradOut, DType type) {
        boolean free = gradOut.dtype() == type
                && gradOut.isContiguous()
                && !gradOut.storage().isShared();
        return free ? gradOut : allocate(type, gradOut.shape());
    }

    /**
     * The gradient that a result already has from operations after this one, for a rule that adds its own in the same pass and
     * then calls {@link #replaceGrad}; null when there is none or it lies in rows that are not contiguous.
     */
    public @Nullable Tensor pendingGrad(Var variable) {
        Tensor grad = variable.leaf() == null ? variable.grad() : null;
        return grad != null && grad.isContiguous() ? grad : null;
    }

    /** Puts a gradient, which nobody else uses, in place of the one that it includes. */
    public void replaceGrad(Var variable, Tensor gradient) {
        gradient.storage().retain();
        dropGrad(variable);
        variable.setGrad(gradient, true);
    }

    /** Number of operations recorded and not yet differentiated. */
    public int size() {
        return nodes.size();
    }

    @Override
    public void close() {
        nodes.forEach(Tape::discard);
        nodes.clear();
        inputs.forEach(Tape::dropGrad);
        inputs.clear();
        while (!scopes.isEmpty()) {
            scopes.pop().close();
        }
    }
}

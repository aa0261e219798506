package org.s2d.check.conformance;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;

/**
 * One operation in the catalogue. {@link Conformance} derives from it: value and gradients on each device in F32 and BF16
 * against the reference in double; the reference's gradients against differences; strided operands; operands of which only one
 * trains; NaN and infinities; guard regions and poisoned memory around every tensor; leaks; equal bits when repeated; texts of
 * errors.
 *
 * <p>To add an operation, append an entry to the list of a catalogue class (or write a new one and name it in {@link Catalogue}):
 *
 * <pre>{@code
 * OpEntry.of("linear", (tape, in) -> Linear.apply(tape, in.get(0), in.get(1), in.get(2)))
 *         .sample(normal(2, 5, 7), normal(3, 7).parameter(), normal(3).parameter()) // ordinary sizes, odd ones too
 *         .sample(normal(0, 7), normal(3, 7).parameter(), normal(3).parameter())    // no elements
 *         .sample(normal(1, 1), normal(1, 1).parameter(), normal(1).parameter())    // one element
 *         .large(normal(600, 70), normal(33, 70).parameter(), normal(33).parameter()) // cut among the workers
 *         .error("inner dimensions differ", normal(2, 3), normal(4, 5), normal(4));
 * }</pre>
 *
 * Samples stay small (the reference is slow and gradients are checked element by element); {@code large} should exceed what
 * runs inline (16384 elements). Random operations work: every run has a training tape with the same seed.
 */
public record OpEntry(
        String name,
        Operation operation,
        List<Sample> samples,
        List<Sample> large,
        List<ErrorCase> errors,
        Set<Exemption> exemptions) {
    /** The operation on a tape. */
    @FunctionalInterface
    public interface Operation {
        List<Var> apply(Tape tape, List<Var> in);
    }

    /** An operation with one result. */
    @FunctionalInterface
    public interface SingleOperation {
        Var apply(Tape tape, List<Var> in);
    }

    /** Operands to try. */
    public record Sample(List<Input> inputs) {
        @Override
        public String toString() {
            return String.join(
                    ", ",
                    inputs.stream()
                            .map(input -> input.shape() + " " + input.domain())
                            .toList());
        }
    }

    /** Operands that do not fit, and a part of what must be said about it. */
    public record ErrorCase(String message, List<Input> inputs) {}

    /** Checks that make no sense for an operation. */
    public enum Exemption {
        /** Has a corner or jump on which differences fail, or its gradient is not that of its value. */
        NO_DIFFERENCES,
        /** NaN and infinities need not pass as in the reference. */
        FINITE_ONLY,
        /** Does not exist without elements. */
        NEVER_EMPTY,
        /** Has no BF16 form. */
        NO_BF16
    }

    public static OpEntry of(String name, SingleOperation operation) {
        return ofMany(name, (tape, in) -> List.of(operation.apply(tape, in)));
    }

    public static OpEntry ofMany(String name, Operation operation) {
        return new OpEntry(name, operation, List.of(), List.of(), List.of(), Set.of());
    }

    public OpEntry sample(Input... inputs) {
        return new OpEntry(name, operation, append(samples, new Sample(List.of(inputs))), large, errors, exemptions);
    }

    public OpEntry large(Input... inputs) {
        return new OpEntry(name, operation, samples, append(large, new Sample(List.of(inputs))), errors, exemptions);
    }

    public OpEntry error(String message, Input... inputs) {
        ErrorCase added = new ErrorCase(message, List.of(inputs));
        return new OpEntry(name, operation, samples, large, append(errors, added), exemptions);
    }

    public OpEntry exempt(Exemption exemption) {
        Set<Exemption> added = EnumSet.of(exemption);
        added.addAll(exemptions);
        return new OpEntry(name, operation, samples, large, errors, added);
    }

    boolean is(Exemption exemption) {
        return exemptions.contains(exemption);
    }

    Stream<Sample> allSamples() {
        return Stream.concat(samples.stream(), large.stream());
    }

    private static <T> List<T> append(List<T> list, T element) {
        List<T> longer = new ArrayList<>(list);
        longer.add(element);
        return List.copyOf(longer);
    }
}

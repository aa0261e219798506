package org.s2d.check.conformance;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.s2d.autograd.Precision;
import org.s2d.check.conformance.OpEntry.Exemption;
import org.s2d.check.conformance.OpEntry.Sample;
import org.s2d.device.Device;
import org.s2d.device.cuda.CudaDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.ShapeException;

/** The checks that follow from the catalogue for one device. What they throw says what is wrong; the device stays open. */
public final class Conformance {
    private static final int REPETITIONS = 3;

    private final Comparison comparison;
    private final Device device;

    public Conformance(Comparison comparison, Device device) {
        this.comparison = comparison;
        this.device = device;
    }

    /** One check; throws unless the device passes. */
    public record Check(String name, Runnable body) {
        private Check named(String prefix) {
            return new Check(prefix + ": " + name, body);
        }
    }

    /** Which samples of an entry are tried. */
    enum Samples {
        SMALL,
        LARGE,
        ALL;

        Stream<Sample> of(OpEntry entry) {
            return switch (this) {
                case SMALL -> entry.samples().stream();
                case LARGE -> entry.large().stream();
                case ALL -> entry.allSamples();
            };
        }
    }

    /** Precisions in which a device computes. */
    public static List<Precision> precisions(Device device) {
        return device instanceof CudaDevice ? List.of(Precision.values()) : List.of(Precision.FP32, Precision.BF16);
    }

    /** Everything: for a device that is fast. Names are unique. */
    public List<Check> all() {
        return Stream.of(
                        perPrecision(Samples.ALL),
                        named("fp32, reversed", values(Precision.FP32, Layout.REVERSED, Samples.ALL)),
                        named("fp32, with gaps", values(Precision.FP32, Layout.PADDED, Samples.ALL)),
                        named("bf16, with gaps", values(Precision.BF16, Layout.PADDED, Samples.ALL)),
                        named("kernel sizes", kernelSizes()),
                        named("repeated", repetitions()),
                        named("not finite", nonFinite()),
                        named("one operand trains", frozenOperands()),
                        named("refused", refusals()))
                .flatMap(checks -> checks)
                .toList();
    }

    /** What reaches every kernel with little work: for tools under which a device is slow. */
    public List<Check> reduced() {
        return Stream.of(
                        named("kernel sizes", kernelSizes()),
                        perPrecision(Samples.SMALL),
                        named("fp32, with gaps", values(Precision.FP32, Layout.PADDED, Samples.SMALL)),
                        named("large", values(Precision.FP32, Layout.CONTIGUOUS, Samples.LARGE)))
                .flatMap(checks -> checks)
                .toList();
    }

    private Stream<Check> perPrecision(Samples samples) {
        return precisions(device).stream()
                .flatMap(precision -> named(
                        precision.name().toLowerCase(Locale.ROOT), values(precision, Layout.CONTIGUOUS, samples)));
    }

    private static Stream<Check> named(String prefix, Stream<Check> checks) {
        return checks.map(check -> check.named(prefix));
    }

    /** Values and gradients are those of the reference. */
    Stream<Check> values(Precision precision, Layout layout, Samples samples) {
        return perSample(
                entry -> precision == Precision.FP32 || !entry.is(Exemption.NO_BF16),
                samples,
                (entry, sample) -> comparison.compare(entry, sample, device, precision, layout));
    }

    /** Values and gradients of attention at the sizes for which there are kernels, in every precision. */
    Stream<Check> kernelSizes() {
        return AttentionEntries.kernelSizes().stream()
                .flatMap(entry -> precisions(device).stream()
                        .map(precision -> new Check(
                                entry.name() + " in " + precision,
                                () -> comparison.compare(
                                        entry, entry.samples().getFirst(), device, precision, Layout.CONTIGUOUS))));
    }

    /** NaN and infinities spread as in the reference. */
    Stream<Check> nonFinite() {
        return perSample(
                entry -> !entry.is(Exemption.FINITE_ONLY),
                Samples.SMALL,
                (entry, sample) -> comparison.checkNonFinite(entry, sample, device));
    }

    /** The same run gives the same bits. */
    Stream<Check> repetitions() {
        return perSample(entry -> true, Samples.ALL, (entry, sample) -> {
            Run.Setup setup = Run.Setup.of(entry, sample, Comparison.UPSTREAM);
            List<double[]> values = Comparison.draw(sample, DType.F32);
            Run first = Run.of(device, setup, values);
            for (int i = 0; i < REPETITIONS; i++) {
                Comparison.requireSameBits(first, Run.of(device, setup, values));
            }
        });
    }

    /** A frozen operand gets no gradient, and those of the others stay what they were. */
    Stream<Check> frozenOperands() {
        return perSample(entry -> true, Samples.SMALL, this::checkFrozen);
    }

    private void checkFrozen(OpEntry entry, Sample sample) {
        List<double[]> values = Comparison.draw(sample, DType.F32);
        Run.Setup setup = Run.Setup.of(entry, sample, Comparison.UPSTREAM);
        Run all = Run.of(device, setup, values);
        int recorded = Run.of(device, setup.withGradOf(i -> false), values).recorded();
        if (recorded != 0) {
            throw new AssertionError(recorded + " operations recorded when nothing trains");
        }
        for (int only = 0; only < values.size(); only++) {
            int kept = only;
            Comparison.requireSameBits(
                    all.withGradientsOf(i -> i == kept), Run.of(device, setup.withGradOf(i -> i == kept), values));
        }
    }

    /** Operands that do not fit are refused with the text that the catalogue has. */
    Stream<Check> refusals() {
        return Catalogue.entries().stream()
                .flatMap(entry -> entry.errors().stream()
                        .map(error -> new Check(
                                entry.name() + " " + new Sample(error.inputs()), () -> checkRefusal(entry, error))));
    }

    private void checkRefusal(OpEntry entry, OpEntry.ErrorCase error) {
        Sample sample = new Sample(error.inputs());
        Run.Setup setup = Run.Setup.of(entry, sample, Comparison.UPSTREAM);
        try {
            Run.of(device, setup, Comparison.draw(sample, DType.F32));
        } catch (ShapeException e) {
            String message = Objects.requireNonNullElse(e.getMessage(), "");
            if (!message.contains(error.message())) {
                throw new AssertionError("says '" + message + "', not '" + error.message() + "'", e);
            }
            return;
        }
        throw new AssertionError("accepted, expected '" + error.message() + "'");
    }

    @FunctionalInterface
    private interface SampleCheck {
        void check(OpEntry entry, Sample sample);
    }

    private static Stream<Check> perSample(Predicate<OpEntry> wanted, Samples samples, SampleCheck check) {
        return Catalogue.entries().stream()
                .filter(wanted)
                .flatMap(entry -> samples.of(entry)
                        .map(sample -> new Check(entry.name() + " " + sample, () -> check.check(entry, sample))));
    }
}

package org.s2d.check.parts;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.s2d.check.Item;
import org.s2d.check.Size;
import org.s2d.check.conformance.Comparison;
import org.s2d.check.conformance.Conformance;
import org.s2d.check.kernels.KernelItems;
import org.s2d.check.steps.RepeatItems;
import org.s2d.check.steps.ThroughputItems;
import org.s2d.device.Device;

/** What can be found out about a device. */
public enum Part {
    /** Every operation of the catalogue beside the reference, in every way. */
    CONFORMANCE {
        @Override
        public List<Item> items(Subjects subjects, Size size) {
            return ofChecks(conformance(subjects).all().stream());
        }
    },
    /** As many of the same checks as reach every kernel: for compute-sanitizer, under which a GPU is slow. */
    REDUCED {
        @Override
        public List<Item> items(Subjects subjects, Size size) {
            return ofChecks(conformance(subjects).reduced().stream());
        }
    },
    /** The same training twice, bit by bit. */
    REPEAT {
        @Override
        public List<Item> items(Subjects subjects, Size size) {
            return new RepeatItems(subjects.device(), size).items();
        }
    },
    /** Times of kernels beside the device's ceilings. */
    KERNELS {
        @Override
        public List<Item> items(Subjects subjects, Size size) {
            return new KernelItems(subjects.device(), subjects.reference(), size).items(size);
        }
    },
    /** Times and memory of training steps and inference. */
    THROUGHPUT {
        @Override
        public List<Item> items(Subjects subjects, Size size) {
            return new ThroughputItems(subjects.another(), size).items();
        }
    };

    /**
     * What is checked, and against what.
     *
     * @param another opens the same device once more
     */
    public record Subjects(Device device, Device reference, Supplier<Device> another) {}

    /** The part's items; for the same device and size always the same. */
    public abstract List<Item> items(Subjects subjects, Size size);

    private static Conformance conformance(Subjects subjects) {
        return new Conformance(new Comparison(subjects.reference()), subjects.device());
    }

    private static List<Item> ofChecks(Stream<Conformance.Check> checks) {
        return checks.map(check -> new Item(check.name(), record -> check.body().run()))
                .toList();
    }
}

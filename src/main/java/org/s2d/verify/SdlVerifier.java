package org.s2d.verify;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.loss.Sdl;
import org.s2d.loss.SdlSchedule;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/**
 * The self-distillation loss alone: for each variant {@code ncN_kK_sS} soft targets, loss and its gradient for the recorded batches, and
 * the queue after each.
 */
final class SdlVerifier implements CaseVerifier {
    private static final String FILE = "sdl";
    private static final Pattern VARIANT = Pattern.compile("(nc\\d+_k(\\d+)_s\\d+)/Queue\\.0");
    /** The weight that the recorded losses carry. */
    private static final double WEIGHT = 0.5;

    @Override
    public boolean accepts(CaseFolder folder) {
        return folder.hasFile(FILE)
                && folder.names(FILE).stream()
                        .anyMatch(name -> VARIANT.matcher(name).matches());
    }

    @Override
    public void verify(CaseFolder folder, Target target, Report report) {
        for (String name : folder.names(FILE)) {
            Matcher variant = VARIANT.matcher(name);
            if (variant.matches()) {
                try (HostPool pool = new HostPool();
                        Scope host = new Scope(pool);
                        Scope scope = new Scope(target.device().allocator())) {
                    Variant run = new Variant(folder, target, report, variant.group(1) + "/", host);
                    run.verify(scope, Integer.parseInt(variant.group(2)));
                }
            }
        }
        verifyWeights(folder, report);
    }

    /** The release's weights by epoch. */
    private static void verifyWeights(CaseFolder folder, Report report) {
        SdlSchedule schedule = SdlSchedule.release(1);
        folder.values()
                .path("weights_by_epoch")
                .forEach(pair -> report.checkExact(
                        "weight.epoch" + pair.path(0).asInt(),
                        "()",
                        schedule.weight(pair.path(0).asInt()) == pair.path(1).asDouble() ? 0 : 1,
                        1,
                        0,
                        ""));
    }

    private record Variant(CaseFolder folder, Target target, Report report, String prefix, Scope host) {
        void verify(Scope scope, int k) {
            Tensor queue = folder.tensor(FILE, prefix + "Queue.0");
            Sdl sdl = new Sdl(target.device(), scope, queue.dim(0), queue.dim(1), queue.dim(2), k, 0);
            sdl.restore(queue, folder.tensor(FILE, prefix + "Probe.0"));
            for (int i = 0; folder.has(FILE, prefix + "x." + i); i++) {
                try (Tape tape = Tape.evaluating(target.device(), Precision.FP32, Gradients.RECORD)) {
                    batch(tape, sdl, i);
                }
                check("Queue." + (i + 1), sdl.queue());
                check("Probe." + (i + 1), sdl.distributions());
            }
        }

        private void batch(Tape tape, Sdl sdl, int i) {
            Tensor feature = upload(tape, "x." + i);
            Var logits = tape.input(upload(tape, "logits." + i), true);
            Sdl.Distilled distilled = sdl.loss(tape, logits, feature);
            check("soft." + i, distilled.target().value());
            Var loss = Arithmetic.scale(tape, distilled.loss(), WEIGHT);
            check("bce." + i, loss.value());
            tape.backward(loss);
            Tensor grad = logits.grad();
            if (grad == null) {
                report.fail(prefix + "grad_logits." + i, "no gradient");
            } else {
                check("grad_logits." + i, grad);
            }
            sdl.update(feature, logits.value(), folder.longs(FILE, prefix + "label." + i));
        }

        private Tensor upload(Tape tape, String name) {
            Tensor stored = folder.tensor(FILE, prefix + name);
            Tensor tensor = tape.allocate(tape.floatType(), stored.shape());
            tape.device().upload(tensor, stored);
            return tensor;
        }

        private void check(String name, Tensor ours) {
            if (folder.has(FILE, prefix + name)) {
                report.check(
                        prefix + name,
                        new Download(target.device(), host).of(ours),
                        folder.tensor(FILE, prefix + name),
                        folder.float64(FILE, prefix + "f64." + name));
            }
        }
    }
}

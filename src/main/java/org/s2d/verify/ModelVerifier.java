package org.s2d.verify;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.CrossEntropy;
import org.s2d.device.Device;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.Parameter;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** A whole S2D model: forward, intermediate activations, loss, gradients of inputs and of every parameter. */
final class ModelVerifier implements CaseVerifier {
    private static final String IO = "io";
    private static final Set<String> RESULTS = Set.of("logits", "feature", "loss");

    @Override
    public boolean accepts(CaseFolder folder) {
        return folder.config().has("embed_dim") && folder.config().has("in_chans_l") && folder.hasFile(IO);
    }

    @Override
    public void verify(CaseFolder folder, Target target, Report report) {
        CaseFolder inputs = folder.has(IO, "x") ? folder : folder.inputs();
        Device device = target.device();
        Map<String, Tensor> seen = new LinkedHashMap<>();
        try (HostPool hostPool = new HostPool();
                Scope host = new Scope(hostPool);
                Scope scope = new Scope(device.allocator())) {
            S2dModel model = ModelState.load(ModelState.config(folder.config()), inputs, "state", device, scope);
            Download download = new Download(device, host);
            runWatched(inputs, target, model, seen, download);
            run(inputs, target, model, seen, download);
            compare(folder, seen, report);
        }
    }

    /** Forward; everything the model shows goes into {@code seen}. */
    private static void runWatched(
            CaseFolder inputs, Target target, S2dModel model, Map<String, Tensor> seen, Download download) {
        try (Tape tape = Tape.evaluating(target.device(), target.precision(), Gradients.NONE)) {
            tape.setObserver((name, value) -> seen.put(name, download.of(value.value())));
            Var x = tape.constant(upload(tape, inputs.tensor(IO, "x")));
            model.forward(tape, x, tape.constant(upload(tape, inputs.tensor(IO, "a"))));
        }
    }

    /** Forward and backward as in training, where nobody watches: a model computes only what it needs then. */
    private static void run(
            CaseFolder inputs, Target target, S2dModel model, Map<String, Tensor> seen, Download download) {
        try (Tape tape = Tape.evaluating(target.device(), target.precision(), Gradients.RECORD)) {
            Var x = tape.input(upload(tape, inputs.tensor(IO, "x")), true);
            Var a = tape.input(upload(tape, inputs.tensor(IO, "a")), true);
            Var softTarget = tape.constant(upload(tape, inputs.tensor(IO, "soft_target")));
            S2dModel.Output out = model.forward(tape, x, a);
            Var loss = Arithmetic.mean(tape, CrossEntropy.apply(tape, out.logits(), softTarget), 0);
            seen.put("logits", download.of(out.logits().value()));
            seen.put("feature", download.of(out.feature().value()));
            seen.put("loss", download.of(loss.value()));
            tape.backward(loss);
            putGradient(seen, "x", x.grad(), download);
            putGradient(seen, "a", a.grad(), download);
        }
        for (Parameter parameter : model.parameters().values()) {
            putGradient(seen, parameter.name(), parameter.grad(), download);
        }
    }

    static Tensor upload(Tape tape, Tensor host) {
        Tensor tensor = tape.allocate(tape.floatType(), host.shape());
        tape.device().upload(tensor, host);
        return tensor;
    }

    static void putGradient(Map<String, Tensor> seen, String name, @Nullable Tensor grad, Download download) {
        if (grad != null) {
            seen.put("grad." + name, download.of(grad));
        }
    }

    private static void compare(CaseFolder folder, Map<String, Tensor> seen, Report report) {
        for (String file : List.of(IO, "acts", "grads")) {
            if (!folder.hasFile(file)) {
                continue;
            }
            for (String stored : folder.names(file)) {
                String name = file.equals("grads") ? "grad." + stored : stored;
                if (file.equals(IO) && !isResult(stored)) {
                    continue;
                }
                Tensor expected = folder.tensor(file, stored);
                Tensor ours = Activation.find(seen, name, expected.shape());
                if (ours == null) {
                    report.fail(name, "the model produced nothing of this name and size");
                } else {
                    report.check(name, ours, expected, float64(folder, name));
                }
            }
        }
        if (folder.hasFile("grads")) {
            requireNoOtherGradients(folder, seen, report);
        }
    }

    /** A parameter that PyTorch gives no gradient must get none from us: an optimiser would decay it. */
    private static void requireNoOtherGradients(CaseFolder folder, Map<String, Tensor> seen, Report report) {
        for (String name : seen.keySet()) {
            boolean known = !name.startsWith("grad.")
                    || folder.has("grads", name.substring("grad.".length()))
                    || folder.has(IO, name);
            if (!known) {
                report.fail(name, "PyTorch gives this parameter no gradient");
            }
        }
    }

    private static boolean isResult(String name) {
        return RESULTS.contains(name) || name.startsWith("grad.") || name.startsWith("blocks.");
    }

    private static double @Nullable [] float64(CaseFolder folder, String name) {
        double[] own = folder.hasFile("f64") ? folder.float64("f64", name) : null;
        return own != null ? own : folder.float64(IO, "f64." + name);
    }
}

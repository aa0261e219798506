package org.s2d.verify;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.CrossEntropy;
import org.s2d.device.Device;
import org.s2d.model.Classifier;
import org.s2d.model.s4d.RouterNoise;
import org.s2d.model.s4d.S4dConfig;
import org.s2d.model.s4d.S4dModel;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/**
 * S4D as it is fine-tuned: for each kind of input {@code KIND/x} scores, losses, what routers decide with the recorded noise, and all
 * gradients; then those of the balance loss alone, and a variant with other experts.
 */
final class S4dVerifier implements CaseVerifier {
    private static final String IO = "io";
    private static final List<String> RESULTS = List.of("logits", "feature", "ce", "aux", "loss");

    @Override
    public boolean accepts(CaseFolder folder) {
        return folder.config().has("multi_head") && folder.hasFile(IO);
    }

    @Override
    public void verify(CaseFolder folder, Target target, Report report) {
        for (JsonNode key : folder.config().path("keys")) {
            String kind = key.asText();
            if (folder.has(IO, kind + "/x")) {
                new Run(folder, target, report, kind, kind)
                        .verify(folder.config().path("moe"));
            }
        }
        if (folder.has(IO, "variant/logits")) {
            new Run(folder, target, report, "variant", "video")
                    .verify(folder.values().path("variant"));
        }
    }

    static S4dConfig.Vit vit(JsonNode json, String prefix) {
        return new S4dConfig.Vit(
                json.path("img_size").asInt(),
                json.path("patch_size").asInt(),
                json.path(json.has("all_frames") ? "all_frames" : "num_frames").asInt(16),
                json.path("tubelet_size").asInt(2),
                json.path(prefix + "embed_dim").asInt(),
                json.path(prefix + "depth").asInt(),
                json.path(prefix + "num_heads").asInt(),
                json.path("mlp_ratio").asDouble(4),
                0,
                0);
    }

    private static S4dConfig config(JsonNode json, JsonNode moe) {
        Set<Integer> layers = new TreeSet<>();
        moe.path("layers").forEach(layer -> layers.add(layer.asInt()));
        S4dConfig.Experts experts = layers.isEmpty()
                ? S4dConfig.Experts.none()
                : new S4dConfig.Experts(
                        layers,
                        moe.path("num_experts").asInt(),
                        moe.path("top_k").asInt(),
                        moe.path("capacity_factor").asDouble(1),
                        0.25,
                        true);
        JsonNode classes = json.path("multi_head");
        return new S4dConfig(
                vit(json, ""), experts, classes.path(0).asInt(), classes.path(1).asInt(), 0);
    }

    /** One recorded run: results below {@code name/}, of the input of a kind. */
    private record Run(CaseFolder folder, Target target, Report report, String name, String kind) {
        void verify(JsonNode moe) {
            Device device = target.device();
            try (HostPool pool = new HostPool();
                    Scope host = new Scope(pool);
                    Scope scope = new Scope(device.allocator())) {
                S4dModel model = new S4dModel(ParameterFactory.root(device, scope, 0), config(folder.config(), moe));
                ModelState.fill(model, folder, "state", device);
                Download download = new Download(device, host);
                Map<String, Tensor> seen = new LinkedHashMap<>();
                run(model, seen, download, false);
                compareResults(seen);
                if (folder.hasFile("acts_" + name)) {
                    compareActivations(seen);
                }
                if (folder.hasFile("grads_" + name)) {
                    compareGradients("grads_" + name, seen);
                }
                if (name.equals("video") && folder.hasFile("aux_grads")) {
                    model.parameters().values().forEach(Parameter::zeroGrad);
                    Map<String, Tensor> balance = new LinkedHashMap<>();
                    run(model, balance, download, true);
                    compareBalance(balance);
                }
            }
        }

        /** Forward and backward, of the whole loss or of the balance loss alone; everything goes into {@code seen}. */
        private void run(S4dModel model, Map<String, Tensor> seen, Download download, boolean balanceOnly) {
            try (Tape tape = Tape.evaluating(target.device(), target.precision(), Gradients.RECORD)) {
                tape.setObserver((what, value) -> seen.put(what, download.of(value.value())));
                RouterNoise noise =
                        (on, layer, shape) -> ModelVerifier.upload(on, folder.tensor(IO, name + "/noise." + layer));
                Var x = tape.input(ModelVerifier.upload(tape, folder.tensor(IO, kind + "/x")), true);
                Classifier.Output out = model.forward(tape, x, noise);
                seen.put("logits", download.of(out.logits().value()));
                seen.put("feature", download.of(out.feature().value()));
                long[] labels = folder.longs(IO, kind + "/label");
                Var ce = Arithmetic.mean(tape, CrossEntropy.ofLabels(tape, out.logits(), labels, 0), 0);
                seen.put("ce", download.of(ce.value()));
                Var loss = ce;
                Var balance = out.balanceLoss();
                if (balance != null) {
                    double factor = folder.config().path("aux_loss_coeff").asDouble(1e-3);
                    seen.put("aux", download.of(balance.value()));
                    loss = Arithmetic.add(tape, ce, Arithmetic.scale(tape, balance, factor));
                }
                seen.put("loss", download.of(loss.value()));
                tape.backward(balanceOnly ? Objects.requireNonNull(balance) : loss);
                ModelVerifier.putGradient(seen, "grad.x", x.grad(), download);
            }
            model.parameters()
                    .forEach((key, parameter) -> ModelVerifier.putGradient(seen, key, parameter.grad(), download));
        }

        private void compareResults(Map<String, Tensor> seen) {
            for (String stored : folder.names(IO)) {
                String own = stored.startsWith(name + "/") ? stored.substring(name.length() + 1) : "";
                switch (own) {
                    case "gates" -> compareGates(stored, lastRouter(seen), folder.tensor(IO, stored), seen);
                    case "indices" -> compareIndices(stored, seen.get(lastRouter(seen) + ".indices"), IO);
                    case "moe_out" -> check(stored, seen.get(moeOf(lastRouter(seen)) + ".out"), IO, stored);
                    default -> {
                        if (RESULTS.contains(own)) {
                            check(stored, seen.get(own), IO, stored);
                        } else if (own.startsWith("layer_loss.")) {
                            check(stored, seen.get(own.substring("layer_loss.".length()) + ".layer_loss"), IO, stored);
                        }
                    }
                }
            }
        }

        /** Path of the last router that was seen; a variant has one. */
        private static String lastRouter(Map<String, Tensor> seen) {
            return seen.keySet().stream()
                    .filter(key -> key.endsWith(".router.gates"))
                    .reduce((first, second) -> second)
                    .map(key -> key.substring(0, key.length() - ".gates".length()))
                    .orElse("");
        }

        private static String moeOf(String router) {
            return router.replaceFirst("\\.router$", "");
        }

        private void compareActivations(Map<String, Tensor> seen) {
            String file = "acts_" + name;
            for (String stored : folder.names(file)) {
                String label = name + "/" + stored;
                String ours = stored.replaceFirst("^(blocks\\.\\d+)\\.router\\.", "$1.moe_layer.router.");
                if (ours.endsWith(".router.gates")) {
                    String router = ours.substring(0, ours.length() - ".gates".length());
                    compareGates(label, router, folder.tensor(file, stored), seen);
                } else if (ours.endsWith(".router.indices")) {
                    compareIndices(label, seen.get(ours), file);
                } else {
                    check(label, seen.get(ours), file, stored);
                }
            }
        }

        /** Theirs has a number for every expert, ours for those chosen. */
        private void compareGates(String label, String router, Tensor expected, Map<String, Tensor> seen) {
            Tensor gates = seen.get(router + ".gates");
            Tensor indices = seen.get(router + ".indices");
            if (gates == null || indices == null) {
                report.fail(label, "the model has no such router");
                return;
            }
            double[] all = new double[Math.toIntExact(expected.numel())];
            int k = gates.dim(-1);
            for (int i = 0; i < gates.numel(); i++) {
                all[i / k * expected.dim(-1) + (int) indices.getLong(i)] = gates.getDouble(i);
            }
            report.check(label, expected.shape(), all, expected.toDoubles(), null);
        }

        private void compareIndices(String label, @Nullable Tensor ours, String file) {
            long[] expected = folder.longs(file, file.equals(IO) ? label : label.substring(name.length() + 1));
            long wrong = ours == null || ours.numel() != expected.length ? expected.length : 0;
            for (int i = 0; ours != null && wrong < expected.length && i < expected.length; i++) {
                wrong += ours.getLong(i) == expected[i] ? 0 : 1;
            }
            report.checkExact(label, "(" + expected.length + ")", wrong, expected.length, 0, "");
        }

        private void compareGradients(String file, Map<String, Tensor> seen) {
            for (String stored : folder.names(file)) {
                String key = stored.equals("grad.x") ? "grad.grad.x" : "grad." + stored;
                check(name + "/grad." + stored.replace("grad.", ""), seen.get(key), file, stored);
            }
            seen.forEach((key, gradient) -> {
                String stored = key.startsWith("grad.") ? key.substring("grad.".length()) : "";
                if (!stored.isEmpty() && !folder.has(file, stored) && !isIdleExpert(key, gradient)) {
                    report.fail(name + "/" + key, "PyTorch gives this parameter no gradient");
                }
            });
        }

        /** An expert that no token reached has no gradient in PyTorch, which runs each on its own; ours, all at once, have zeros. */
        private static boolean isIdleExpert(String key, Tensor gradient) {
            return key.contains(".experts.")
                    && Arrays.stream(gradient.toDoubles()).allMatch(value -> value == 0);
        }

        private void compareBalance(Map<String, Tensor> seen) {
            for (String stored : folder.names("aux_grads")) {
                check("aux/grad." + stored, seen.get("grad." + stored), "aux_grads", stored);
            }
        }

        private void check(String label, @Nullable Tensor ours, String file, String stored) {
            if (ours == null) {
                report.fail(label, "the model produced nothing of this name");
            } else {
                String exact =
                        stored.startsWith(name + "/") ? name + "/f64." + stored.substring(name.length() + 1) : "";
                report.check(label, ours, folder.tensor(file, stored), folder.float64(IO, exact));
            }
        }
    }
}

package org.s2d.verify;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.device.Device;
import org.s2d.device.TokenKernels.Standardise;
import org.s2d.model.s4d.Mask;
import org.s2d.model.s4d.PretrainingConfig;
import org.s2d.model.s4d.S4dPretraining;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/**
 * S4D's masked auto-encoder: for each kind of input {@code KIND/x} with its {@code KIND/mask} predictions, targets, the losses with
 * targets standardised in three ways, and all gradients of the first.
 */
final class S4dPretrainingVerifier implements CaseVerifier {
    private static final String IO = "io";
    private static final List<String> KINDS = List.of("video", "image");

    @Override
    public boolean accepts(CaseFolder folder) {
        return folder.config().has("decoder_embed_dim") && folder.hasFile(IO);
    }

    @Override
    public void verify(CaseFolder folder, Target target, Report report) {
        Device device = target.device();
        for (String kind : KINDS) {
            if (folder.has(IO, kind + "/x")) {
                try (HostPool pool = new HostPool();
                        Scope host = new Scope(pool);
                        Scope scope = new Scope(device.allocator())) {
                    S4dPretraining model = new S4dPretraining(ParameterFactory.root(device, scope, 0), config(folder));
                    ModelState.fill(model, folder, "state", device);
                    new Run(folder, target, report, kind, new Download(device, host)).verify(model);
                }
            }
        }
    }

    private static PretrainingConfig config(CaseFolder folder) {
        return new PretrainingConfig(
                S4dVerifier.vit(folder.config(), "encoder_"),
                folder.config().path("decoder_embed_dim").asInt(),
                folder.config().path("decoder_depth").asInt(),
                folder.config().path("decoder_num_heads").asInt());
    }

    private record Run(CaseFolder folder, Target target, Report report, String kind, Download download) {
        void verify(S4dPretraining model) {
            Map<String, Tensor> seen = new LinkedHashMap<>();
            try (Tape tape = Tape.evaluating(target.device(), target.precision(), Gradients.RECORD)) {
                tape.setObserver((name, value) -> seen.put(name, download.of(value.value())));
                Var x = tape.input(ModelVerifier.upload(tape, folder.tensor(IO, kind + "/x")), true);
                Mask mask = mask();
                Var predicted = model.forward(tape, x, mask);
                Var loss = model.loss(tape, predicted, x.value(), mask, Standardise.CHANNEL);
                seen.put("pred", download.of(predicted.value()));
                seen.put("loss", download.of(loss.value()));
                for (Map.Entry<String, Standardise> variant : Map.of(
                                "loss_norm_all_channels", Standardise.PATCH, "loss_no_norm", Standardise.NOT)
                        .entrySet()) {
                    Var constant = tape.constant(predicted.value());
                    Var other = model.loss(tape, constant, x.value(), mask, variant.getValue());
                    seen.put(variant.getKey(), download.of(other.value()));
                }
                seen.put("target", first(model.targets(tape, x.value(), Standardise.CHANNEL)));
                seen.put("patchified", first(model.targets(tape, x.value(), Standardise.NOT)));
                tape.backward(loss);
                ModelVerifier.putGradient(seen, "grad.x", x.grad(), download);
            }
            model.parameters()
                    .forEach((name, parameter) -> ModelVerifier.putGradient(seen, name, parameter.grad(), download));
            compare(seen);
        }

        /** Of the first sample. */
        private Tensor first(Tensor batch) {
            return download.of(batch).narrow(0, 0, 1);
        }

        private Mask mask() {
            long[] stored = folder.longs(IO, kind + "/mask");
            int samples = folder.tensor(IO, kind + "/mask").dim(0);
            boolean[][] hidden = new boolean[samples][stored.length / samples];
            for (int i = 0; i < stored.length; i++) {
                hidden[i / hidden[0].length][i % hidden[0].length] = stored[i] != 0;
            }
            return new Mask(hidden);
        }

        private void compare(Map<String, Tensor> seen) {
            for (String stored : folder.names(IO)) {
                String name = stored.startsWith(kind + "/") ? stored.substring(kind.length() + 1) : "";
                boolean result =
                        !name.isEmpty() && !name.startsWith("f64.") && !name.equals("x") && !name.equals("mask");
                if (result) {
                    check(stored, seen, name, IO);
                }
            }
            compareFile("acts_" + kind, "", seen);
            compareFile("grads_" + kind, "grad.", seen);
        }

        private void compareFile(String file, String prefix, Map<String, Tensor> seen) {
            if (folder.hasFile(file)) {
                for (String stored : folder.names(file)) {
                    check(stored, seen, prefix + stored, file);
                }
            }
        }

        private void check(String stored, Map<String, Tensor> seen, String name, String file) {
            String label = kind + "/" + name;
            Tensor ours = seen.get(name);
            if (ours == null) {
                report.fail(label, "the model produced nothing of this name");
            } else {
                double[] exact = folder.float64(IO, kind + "/f64." + name);
                report.check(label, ours, folder.tensor(file, stored), exact);
            }
        }
    }
}

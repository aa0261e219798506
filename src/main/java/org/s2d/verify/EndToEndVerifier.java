package org.s2d.verify;

import java.util.LinkedHashMap;
import java.util.Map;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.device.Device;
import org.s2d.model.landmark.LandmarkModel;
import org.s2d.model.landmark.LandmarkNetwork;
import org.s2d.model.landmark.NamedWeights;
import org.s2d.model.s2d.S2dModel;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** Clips through landmark network and S2D model; both take their weights from other cases. */
final class EndToEndVerifier implements CaseVerifier {
    private static final String IO = "io";

    @Override
    public boolean accepts(CaseFolder folder) {
        return folder.config().path("landmark").isTextual()
                && folder.config().path("model").isTextual();
    }

    @Override
    public void verify(CaseFolder folder, Target target, Report report) {
        Device device = target.device();
        String[] landmarkFile = folder.config().path("landmark").asText().split("/", 2);
        String[] modelFile = folder.config().path("model").asText().split("/", 2);
        CaseFolder landmarkCase = folder.sibling(landmarkFile[0]);
        CaseFolder modelCase = folder.sibling(modelFile[0]);
        Map<String, Tensor> seen = new LinkedHashMap<>();
        try (HostPool hostPool = new HostPool();
                Scope host = new Scope(hostPool);
                Scope scope = new Scope(device.allocator());
                LandmarkNetwork landmarks = network(landmarkCase, landmarkFile[1], device);
                Tape tape = Tape.evaluating(device, target.precision(), Gradients.NONE)) {
            Download download = new Download(device, host);
            S2dModel model =
                    ModelState.load(ModelState.config(modelCase.config()), modelCase, modelFile[1], device, scope);
            Tensor x = tape.allocate(
                    tape.floatType(), folder.inputs().tensor(IO, "x").shape());
            device.upload(x, folder.inputs().tensor(IO, "x"));
            Tensor features = landmarks
                    .forwardClips(x, tape.scope(), LandmarkNetwork.Outputs.FEATURES)
                    .features();
            S2dModel.Output out = model.forward(tape, tape.constant(x), tape.constant(features));
            seen.put("feat", download.of(features));
            seen.put("logits", download.of(out.logits().value()));
            seen.put("feature", download.of(out.feature().value()));
            compare(folder, seen, report);
        }
    }

    private static LandmarkNetwork network(CaseFolder folder, String file, Device device) {
        LandmarkModel model = LandmarkModel.of(folder.name().replaceAll("_landmark.*", ""));
        Map<String, Tensor> weights = new LinkedHashMap<>();
        folder.names(file).forEach(name -> weights.put(name, folder.tensor(file, name)));
        return model.build(device, new NamedWeights(weights));
    }

    private static void compare(CaseFolder folder, Map<String, Tensor> seen, Report report) {
        for (String name : folder.names(IO)) {
            Tensor expected = folder.tensor(IO, name);
            Tensor ours = Activation.find(seen, name, expected.shape());
            if (ours != null) {
                report.check(name, ours, expected, folder.float64(IO, "f64." + name));
            } else if (!name.startsWith("f64.")) {
                report.fail(name, "not computed");
            }
        }
    }
}

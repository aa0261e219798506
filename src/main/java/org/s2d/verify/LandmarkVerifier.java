package org.s2d.verify;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Device;
import org.s2d.model.landmark.FormulaWeights;
import org.s2d.model.landmark.LandmarkModel;
import org.s2d.model.landmark.LandmarkNetwork;
import org.s2d.model.landmark.LandmarkNetwork.Outputs;
import org.s2d.model.landmark.LandmarkNetwork.Result;
import org.s2d.model.landmark.LandmarkWeights;
import org.s2d.model.landmark.NamedWeights;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.weights.Checkpoint;

/**
 * A landmark network: features and landmarks for images ({@code io}), the output of every stage ({@code acts}), clips that are
 * resized first ({@code wrapper}), and the same weights in PyTorch's own file. A case without {@code state} takes its weights from
 * the formula of {@link FormulaWeights}, of which {@code check.*} are samples. Always computed in the float type.
 */
final class LandmarkVerifier implements CaseVerifier {
    private static final String IO = "io";
    private static final String STATE = "state";
    private static final String ACTIVATIONS = "acts";
    private static final String WRAPPER = "wrapper";
    private static final String CHECK = "check.";

    @Override
    public boolean accepts(CaseFolder folder) {
        return folder.has(IO, "x") && folder.has(IO, "landmarks");
    }

    @Override
    public void verify(CaseFolder folder, Target target, Report report) {
        Device device = target.device();
        Tensor expected = folder.tensor(IO, "landmarks");
        try (LandmarkNetwork network = model(folder).build(device, weights(folder), expected.dim(-1))) {
            verifyImages(folder, network, device, report);
            if (folder.hasFile(WRAPPER)) {
                verifyClips(folder, network, device, report);
            }
        }
        verifyFormula(folder, report);
        verifyCheckpoints(folder, report);
    }

    private static LandmarkModel model(CaseFolder folder) {
        Set<String> names = new LinkedHashSet<>();
        if (folder.hasFile(STATE)) {
            names.addAll(folder.names(STATE));
        }
        folder.values().path("keys_used").forEach(key -> names.add(key.asText()));
        return LandmarkModel.recognise(names)
                .orElseThrow(() -> new UserException(
                        folder.path() + ": the tensor names are not those of a landmark network that we know."));
    }

    private static LandmarkWeights weights(CaseFolder folder) {
        if (!folder.hasFile(STATE)) {
            return new FormulaWeights();
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        folder.names(STATE).forEach(name -> tensors.put(name, folder.tensor(STATE, name)));
        return new NamedWeights(tensors);
    }

    private static void verifyImages(CaseFolder folder, LandmarkNetwork network, Device device, Report report) {
        Map<String, double[]> seen = new LinkedHashMap<>();
        try (Scope scope = new Scope(device.allocator())) {
            Tensor images = upload(device, scope, folder.tensor(IO, "x"));
            Result result = network.forward(images, scope, Outputs.FEATURES_AND_LANDMARKS, observer(device, seen));
            keep(device, seen, result);
        }
        check(folder, IO, "feat", seen.get("feat"), report);
        check(folder, IO, "landmarks", seen.get("landmarks"), report);
        if (folder.hasFile(ACTIVATIONS)) {
            for (String name : folder.names(ACTIVATIONS)) {
                // Stored for the first images only.
                int count = Math.toIntExact(folder.tensor(ACTIVATIONS, name).numel());
                double[] all = seen.get(name);
                check(folder, ACTIVATIONS, name, all == null ? null : Arrays.copyOf(all, count), report);
            }
        }
    }

    private static void verifyClips(CaseFolder folder, LandmarkNetwork network, Device device, Report report) {
        Map<String, double[]> seen = new LinkedHashMap<>();
        for (String name : folder.names(WRAPPER)) {
            Tensor clips = folder.tensor(WRAPPER, name);
            if (name.startsWith("x") && clips.rank() == 5) {
                try (Scope scope = new Scope(device.allocator())) {
                    Tensor given = upload(device, scope, clips);
                    Outputs outputs = Outputs.FEATURES_AND_LANDMARKS;
                    keep(device, seen, network.forwardClips(given, scope, outputs, observer(device, seen)));
                }
            }
        }
        for (String name : folder.names(WRAPPER)) {
            if (name.startsWith("resized")) {
                check(folder, WRAPPER, name, seen.get(LandmarkNetwork.INPUT), report);
            } else if (name.equals("feat") || name.equals("landmarks")) {
                check(folder, WRAPPER, name, seen.get(name), report);
            }
        }
    }

    /** Rows of every stage, appended as the frames go through. */
    private static LandmarkNetwork.Observer observer(Device device, Map<String, double[]> seen) {
        return (module, firstFrame, output) -> seen.merge(module, values(device, output), LandmarkVerifier::append);
    }

    private static void keep(Device device, Map<String, double[]> seen, Result result) {
        seen.put("feat", values(device, result.features()));
        Tensor landmarks = result.landmarks();
        if (landmarks != null) {
            seen.put("landmarks", values(device, landmarks));
        }
    }

    private static double[] append(double[] first, double[] second) {
        double[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static double[] values(Device device, Tensor tensor) {
        try (HostPool pool = new HostPool();
                Scope host = new Scope(pool)) {
            return new Download(device, host).of(tensor).toDoubles();
        }
    }

    private static Tensor upload(Device device, Scope scope, Tensor host) {
        Tensor copy = scope.allocate(device.floatType(), host.shape());
        device.upload(copy, host);
        return copy;
    }

    private static void check(CaseFolder folder, String file, String name, double @Nullable [] ours, Report report) {
        String label = file.equals(IO) ? name : file + "." + name;
        if (ours == null) {
            report.fail(label, "not computed");
            return;
        }
        Tensor expected = folder.tensor(file, name);
        report.check(label, expected.shape(), ours, expected.toDoubles(), folder.float64(file, "f64." + name));
    }

    private static void verifyFormula(CaseFolder folder, Report report) {
        FormulaWeights formula = new FormulaWeights();
        for (String name : folder.names(IO)) {
            if (name.startsWith(CHECK)) {
                String key = name.substring(CHECK.length());
                double[] expected = folder.tensor(IO, name).toDoubles();
                double[] ours =
                        formula.get(key, shape(folder.values().path("shapes").path(key)));
                int wrong = 0;
                for (int i = 0; i < expected.length; i++) {
                    wrong += i < ours.length && ours[i] == expected[i] ? 0 : 1;
                }
                report.checkExact(name, "(" + expected.length + ")", wrong, expected.length, 0, "weights by formula");
            }
        }
    }

    private static Shape shape(JsonNode dims) {
        int[] sizes = new int[dims.size()];
        Arrays.setAll(sizes, i -> dims.path(i).asInt());
        return Shape.of(sizes);
    }

    /** PyTorch's own files of the case must hold the same tensors as {@code state}. */
    private static void verifyCheckpoints(CaseFolder folder, Report report) {
        for (JsonNode other : folder.manifest().path("other_files")) {
            String file = other.path("file").asText();
            if (folder.hasFile(STATE) && file.matches(".*\\.(pth|pt|pth\\.tar)") && folder.hasFile(file)) {
                verifyCheckpoint(folder, file, report);
            }
        }
    }

    private static void verifyCheckpoint(CaseFolder folder, String file, Report report) {
        Set<String> names = folder.names(STATE);
        try (Checkpoint checkpoint = Checkpoint.open(folder.filePath(file));
                HostPool pool = new HostPool();
                Scope scope = new Scope(pool)) {
            Set<String> wrong = new LinkedHashSet<>(checkpoint.tensors().keySet());
            wrong.removeAll(names);
            for (String name : names) {
                boolean same = checkpoint.tensors().containsKey(name)
                        && Arrays.equals(
                                checkpoint.load(name, scope).toDoubles(),
                                folder.tensor(STATE, name).toDoubles());
                if (!same) {
                    wrong.add(name);
                }
            }
            report.checkExact(file, names.size() + " tensors", wrong.size(), names.size(), 0, "");
        }
    }
}

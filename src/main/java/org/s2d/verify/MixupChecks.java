package org.s2d.verify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.s2d.data.augment.CropBox;
import org.s2d.data.augment.Mixup;
import org.s2d.data.augment.Mixup.Decisions;
import org.s2d.data.augment.Mixup.Mix;
import org.s2d.data.augment.Mixup.Mode;
import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.step.PlannedClips;

/** Mixup and CutMix with recorded weights and boxes: mixed clips, soft targets, boxes from their centres. */
final class MixupChecks {
    private static final String FILE = "mixup";
    private static final Pattern PLAIN_TARGET = Pattern.compile("lam=([.\\d]+),smoothing=([.\\d]+)");

    private MixupChecks() {}

    /** Checks what the case carries of these; nothing when it carries none. */
    static void verify(CaseFolder folder, Device device, Report report) {
        for (Map.Entry<String, JsonNode> entry : folder.values().properties()) {
            if (entry.getKey().startsWith("cutmix_bbox")) {
                boxes(entry.getValue(), report);
            }
        }
        if (!folder.hasFile(FILE)) {
            return;
        }
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool)) {
            for (JsonNode entry : folder.manifest().path("tensors")) {
                if (entry.path("file").asText().equals(FILE + ".safetensors")) {
                    tensor(folder, entry, device, scope, report);
                }
            }
        }
    }

    private static void boxes(JsonNode rows, Report report) {
        long wrong = 0;
        for (JsonNode row : rows) {
            int height = row.path("H").asInt();
            int width = row.path("W").asInt();
            CropBox box = Mixup.cutBox(
                    row.path("lam").asDouble(),
                    row.path("cy").asInt(),
                    row.path("cx").asInt(),
                    height,
                    width);
            int[] edges = {box.top(), box.top() + box.height(), box.left(), box.left() + box.width()};
            double weight = Mix.cut(box, height, width).weight();
            boolean same = Arrays.equals(edges, PreprocessVerifier.ints(row.path("box")))
                    && Math.abs(weight - row.path("lam_corrected").asDouble()) < 1e-9;
            wrong += same ? 0 : 1;
        }
        report.checkExact("cutmix_bbox", "(" + rows.size() + ", 4)", wrong, rows.size(), 0, "");
    }

    private static void tensor(CaseFolder folder, JsonNode entry, Device device, Scope scope, Report report) {
        String name = entry.path("name").asText();
        Matcher plain = PLAIN_TARGET.matcher(entry.path("meaning").asText());
        if (name.endsWith("/x")) {
            mixed(folder, name.substring(0, name.length() - 2), how(folder, entry), device, scope, report);
        } else if (name.equals("mixup_target") && plain.find()) {
            Mix mix = Mix.blend(Double.parseDouble(plain.group(1)));
            Decisions decisions = new Decisions(Mode.BATCH, false, List.of(mix));
            targets(folder, name, decisions, Double.parseDouble(plain.group(2)), scope, report);
        }
    }

    private static JsonNode how(CaseFolder folder, JsonNode entry) {
        try {
            return new ObjectMapper().readTree(entry.path("how").asText());
        } catch (IOException e) {
            throw new UserException(
                    folder.path() + ": " + entry.path("name").asText() + ": its decisions are not JSON.", e);
        }
    }

    private static void mixed(CaseFolder folder, String key, JsonNode how, Device device, Scope scope, Report report) {
        Tensor clips = folder.tensor(FILE, "x");
        Mode mode = key.startsWith("elem") ? Mode.ELEM : key.startsWith("pair") ? Mode.PAIR : Mode.BATCH;
        Decisions decisions = decisions(mode, how, clips.dim(3), clips.dim(4));
        Tensor out = PlannedClips.made(clips).mixed(decisions).madeBy(device, scope);
        report.check(FILE + "/" + key + "/x", out, folder.tensor(FILE, key + "/x"), null);
        if (folder.has(FILE, key + "/target")) {
            targets(folder, key + "/target", decisions, how.path("smoothing").asDouble(), scope, report);
        }
    }

    private static void targets(
            CaseFolder folder, String name, Decisions decisions, double smoothing, Scope scope, Report report) {
        Tensor expected = folder.tensor(FILE, name);
        Tensor out = scope.allocate(DType.F32, Shape.of(expected.dim(0), expected.dim(1)));
        Mixup.targets(folder.tensor(FILE, "y"), decisions, smoothing, out);
        report.check(FILE + "/" + name, out, expected, null);
    }

    /** One weight and one flag, or one per row or pair; boxes in the order of the rows that are cut. */
    private static Decisions decisions(Mode mode, JsonNode how, int height, int width) {
        JsonNode weights = how.path("lam");
        List<Mix> mixes = new ArrayList<>();
        int box = 0;
        for (int i = 0; i < Math.max(1, weights.size()); i++) {
            double weight = weights.isArray() ? weights.path(i).asDouble() : weights.asDouble();
            JsonNode cut = how.path("cutmix").isArray() ? how.path("cutmix").path(i) : how.path("cutmix");
            if (cut.asBoolean() && weight != 1) {
                int[] edges =
                        PreprocessVerifier.ints(how.path("box_yl_yh_xl_xh").path(box++));
                CropBox part = new CropBox(edges[0], edges[2], edges[1] - edges[0], edges[3] - edges[2]);
                mixes.add(Mix.cut(part, height, width));
            } else {
                mixes.add(Mix.blend(weight));
            }
        }
        // As in the release, whose pair mode cuts time and height.
        return new Decisions(mode, mode == Mode.PAIR, mixes);
    }
}

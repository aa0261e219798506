package org.s2d.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.s2d.data.ClipList;
import org.s2d.data.augment.TrainDecisions;

/**
 * What tools/loader_peer.py is told, and bench/reference/loader_224.json and 112, which it made with Pillow:
 * {@code echo moments | tools/loader_peer.py target/bench/faces/plan.json pillow}.
 */
record LoaderPlan(ClipList list, List<TrainDecisions> decisions, int size) {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** OpenCV rounds, equalises and interpolates in its own way; what solarising makes of that is up to 0.12. */
    private static double tolerance(String library) {
        return library.equals("opencv") ? 0.15 : 2e-3;
    }

    void write(Path file) throws IOException {
        ObjectNode plan = MAPPER.createObjectNode().put("size", size);
        ArrayNode clips = plan.putArray("clips");
        for (int i = 0; i < decisions.size(); i++) {
            clip(clips.addObject(), i);
        }
        Files.writeString(file, plan.toString());
    }

    private void clip(ObjectNode clip, int index) {
        ArrayNode frames = clip.putArray("frames");
        list.samples().get(index).media().frames().forEach(frame -> frames.add(frame.toString()));
        TrainDecisions decided = decisions.get(index);
        ArrayNode operations = clip.putArray("operations");
        decided.operations()
                .forEach(step -> operations.addArray().add(step.op().label()).add(step.argument()));
        decided.crop().ifPresent(box -> box(clip, "crop", box.top(), box.left(), box.height(), box.width()));
        clip.put("flip", decided.flip());
        clip.putNull("erase");
        decided.erase().ifPresent(box -> box(clip, "erase", box.top(), box.left(), box.height(), box.width()));
    }

    private static void box(ObjectNode clip, String name, int... numbers) {
        ArrayNode box = clip.putArray(name);
        for (int number : numbers) {
            box.add(number);
        }
    }

    /** Throws unless each clip's moments are those of the reference. */
    void check(double[][] moments, String library) throws IOException {
        JsonNode expected = MAPPER.readTree(
                Path.of("bench", "reference", "loader_" + size + ".json").toFile());
        if (expected.size() != moments.length) {
            throw new IllegalStateException(
                    "loader: " + moments.length + " clips, the reference has " + expected.size());
        }
        for (int i = 0; i < moments.length; i++) {
            for (int k = 0; k < 2; k++) {
                double truth = expected.path(i).path(k).asDouble();
                double error = Math.abs(moments[i][k] - truth) / Math.max(1, Math.abs(truth));
                // Written so that NaN fails.
                if (!(error <= tolerance(library))) {
                    throw new IllegalStateException(library + ": clip " + i + " "
                            + list.samples().get(i).id() + " is wrong: moment " + (k + 1) + " is " + moments[i][k]
                            + ", expected " + truth);
                }
            }
        }
    }
}

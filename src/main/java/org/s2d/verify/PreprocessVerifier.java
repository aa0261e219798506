package org.s2d.verify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.s2d.data.FrameSampling;
import org.s2d.data.augment.CropBox;
import org.s2d.data.random.Draws;
import org.s2d.data.random.RandomStream;
import org.s2d.tensor.UserException;

/**
 * Everything between image files and the model's input. What a tensor holds follows from its file, its name and the
 * manifest's text about it; every random decision is recorded in the case.
 */
final class PreprocessVerifier implements CaseVerifier {
    private static final String INDICES = "index_sampling.json";
    private static final String BOXES = "crop_boxes.json";
    private static final Pattern RANGES = Pattern.compile("scale ([.\\d]+)-([.\\d]+), ratio ([.\\d]+)-([.\\d]+)");

    @Override
    public boolean accepts(CaseFolder folder) {
        return folder.hasFile(INDICES) || folder.hasFile("randaug") || folder.hasFile("pil");
    }

    @Override
    public void verify(CaseFolder folder, Target target, Report report) {
        if (folder.hasFile(INDICES)) {
            frameChoice(json(folder, INDICES), report);
        }
        if (folder.hasFile(BOXES)) {
            cropBoxes(folder, json(folder, BOXES), report);
        }
        new PreprocessImages(folder, report).verify();
        new PreprocessClips(folder, target.device(), report).verify();
    }

    private static JsonNode json(CaseFolder folder, String file) {
        try {
            return new ObjectMapper().readTree(folder.filePath(file).toFile());
        } catch (IOException e) {
            throw new UserException(folder.filePath(file) + ": not readable as JSON.", e);
        }
    }

    /** What the manifest says about a tensor. */
    static String meaning(CaseFolder folder, String file, String name) {
        for (JsonNode tensor : folder.manifest().path("tensors")) {
            if (tensor.path("name").asText().equals(name)
                    && tensor.path("file").asText().equals(file + ".safetensors")) {
                return tensor.path("meaning").asText() + "; "
                        + tensor.path("how").asText();
            }
        }
        return "";
    }

    static int[] ints(JsonNode row) {
        return StreamSupport.stream(row.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }

    private static void frameChoice(JsonNode rows, Report report) {
        for (JsonNode row : rows) {
            int frames = row.path("num_frames").asInt();
            int length = row.path("clip_len").asInt();
            int rate = row.path("rate").asInt();
            String mode = row.path("mode").asText();
            String name = "indices." + mode + "." + frames + "frames.clip" + length + ".rate" + rate;
            int[] expected = ints(row.path("indices"));
            JsonNode drawn = row.path("randint").path(0).path(1);
            int[] ours;
            if (mode.equals("test")) {
                ours = FrameSampling.test(frames, length, rate);
                int[] starts = ints(row.path("temporal_start"));
                exact(
                        name + ".starts",
                        FrameSampling.segmentStarts(ours.length, length, starts.length),
                        starts,
                        report);
            } else if (drawn.isInt()) {
                ours = FrameSampling.window(length, rate, drawn.asInt());
            } else if (mode.equals("train")) {
                ours = FrameSampling.train(frames, length, rate, RandomStream.of(0));
            } else {
                ours = FrameSampling.validation(frames, length, rate);
            }
            exact(name, ours, expected, report);
        }
    }

    private static void exact(String name, int[] ours, int[] expected, Report report) {
        long wrong = ours.length != expected.length
                ? expected.length
                : IntStream.range(0, ours.length)
                        .filter(i -> ours[i] != expected[i])
                        .count();
        report.checkExact(name, "(" + expected.length + ")", wrong, expected.length, 0, "");
    }

    private static void cropBoxes(CaseFolder folder, JsonNode rows, Report report) {
        Matcher ranges = RANGES.matcher(folder.manifest().path("other_files").toString());
        boolean given = ranges.find();
        double[] scale = {given ? number(ranges, 1) : 0.08, given ? number(ranges, 2) : 1};
        double[] ratio = {given ? number(ranges, 3) : 0.75, given ? number(ranges, 4) : 1.3333};
        long wrong = 0;
        for (JsonNode row : rows) {
            CropBox box = CropBox.draw(
                    new Replay(row.path("draws").iterator()),
                    scale,
                    ratio,
                    row.path("H").asInt(),
                    row.path("W").asInt());
            int[] ours = {box.top(), box.left(), box.height(), box.width()};
            wrong += Arrays.equals(ours, ints(row.path("ijhw"))) ? 0 : 1;
        }
        report.checkExact("crop_boxes", "(" + rows.size() + ", 4)", wrong, rows.size(), 0, "");
    }

    private static double number(Matcher matcher, int group) {
        return Double.parseDouble(matcher.group(group));
    }

    /** Recorded draws: the values themselves, whatever range they were drawn from. */
    private record Replay(Iterator<JsonNode> values) implements Draws {
        @Override
        public double nextDouble() {
            return values.hasNext() ? values.next().asDouble() : 0;
        }

        @Override
        public int nextInt(int bound) {
            return (int) nextDouble();
        }

        @Override
        public double nextGaussian() {
            return nextDouble();
        }

        @Override
        public double uniform(double low, double high) {
            return nextDouble();
        }
    }
}

package org.s2d.verify;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.s2d.data.AnnotationReader;
import org.s2d.data.ClipDataset;
import org.s2d.data.ClipList;
import org.s2d.data.ClipSpec;
import org.s2d.data.DatasetFormat;
import org.s2d.data.FrameClip;
import org.s2d.data.FrameSampling;
import org.s2d.data.ListOptions;
import org.s2d.data.TestViews;
import org.s2d.data.augment.AugmentOp;
import org.s2d.data.augment.AugmentStep;
import org.s2d.data.augment.CropBox;
import org.s2d.data.augment.ErasePatch;
import org.s2d.data.augment.TrainDecisions;
import org.s2d.data.image.Image;
import org.s2d.data.image.ImageFile;
import org.s2d.data.image.Resample;
import org.s2d.data.image.Resample.Filter;
import org.s2d.data.random.RandomStream;
import org.s2d.device.Device;
import org.s2d.device.ImageNet;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.train.step.PlannedClips;

/** The float half of a preprocess case: crops, flips, erasing, and whole validation, test and training items. */
final class PreprocessClips {
    private static final String VALIDATION = "validation";
    private static final String TEST = "test";
    private static final String TRAIN = "train";
    private static final String CROP = "crop";
    private static final String ERASE = "erase";
    private static final Pattern WHOLE = Pattern.compile("size(\\d+)(?:_frame(\\d+))?");
    private static final Pattern WINDOW = Pattern.compile("(short(\\d+))_crop(\\d+)_clip(\\d+)");
    private static final Pattern VIEW = Pattern.compile("seg(\\d+)_crop(\\d+)");
    private static final Pattern VIEW_TEXT = Pattern.compile("clip_len (\\d+).*size (\\d+); frames ([\\d,]+)");
    private static final Pattern BOX = Pattern.compile("i=(\\d+),j=(\\d+),h=(\\d+),w=(\\d+)");
    private static final Pattern CASE = Pattern.compile("train_(case\\d+)");

    private final CaseFolder folder;
    private final Device device;
    private final Report report;

    PreprocessClips(CaseFolder folder, Device device, Report report) {
        this.folder = folder;
        this.device = device;
        this.report = report;
    }

    void verify() {
        if (folder.hasFile(CROP)) {
            crops();
        }
        if (folder.hasFile(ERASE)) {
            List.of("pixel", "rand", "const").forEach(this::erasing);
        }
        if (folder.hasFile("list.csv")) {
            items(AnnotationReader.read(
                    DatasetFormat.CSV,
                    folder.filePath("list.csv"),
                    folder.path().resolve("frames"),
                    ListOptions.defaults()));
        }
    }

    private void crops() {
        Tensor input = folder.tensor(CROP, "in");
        for (String name : folder.names(CROP)) {
            Matcher box = BOX.matcher(PreprocessVerifier.meaning(folder, CROP, name));
            Tensor expected = folder.tensor(CROP, name);
            if (name.startsWith("resized_crop") && box.find()) {
                CropBox crop = new CropBox(number(box, 1), number(box, 2), number(box, 3), number(box, 4));
                changed(
                        CROP + "/" + name,
                        input,
                        new TrainDecisions(List.of(), Optional.of(crop), false, Optional.empty()),
                        expected);
            } else if (name.equals("flip")) {
                changed(
                        CROP + "/" + name,
                        input,
                        new TrainDecisions(List.of(), Optional.empty(), true, Optional.empty()),
                        expected);
            } else if (name.equals("tensor_normalize")) {
                float[] values = folder.tensor(CROP, "tensor_normalize_in").toFloats();
                for (int i = 0; i < values.length; i++) {
                    values[i] = ImageNet.normalise(values[i], i % 3);
                }
                compare(CROP + "/" + name, values, expected);
            }
        }
    }

    private void erasing(String mode) {
        JsonNode box = folder.values().path("erase_" + mode);
        if (!box.isMissingNode()) {
            int[] size = ErasePatch.boxSize(
                    box.path("target_area").asDouble(), box.path("log_aspect").asDouble());
            Tensor frames = folder.tensor(ERASE, "in");
            ErasePatch patch = new ErasePatch(
                    box.path("top").asInt(),
                    box.path("left").asInt(),
                    size[0],
                    size[1],
                    folder.tensor(ERASE, mode + "/pixels").toFloats());
            Tensor expected = folder.tensor(ERASE, mode + "/out").transpose(0, 1);
            TrainDecisions decisions = new TrainDecisions(List.of(), Optional.empty(), false, Optional.of(patch));
            changed(ERASE + "/" + mode, frames.transpose(0, 1), decisions, expected);
        }
    }

    /** Compares what becomes of a clip [3, T, H, W] of numbers. */
    private void changed(String name, Tensor clip, TrainDecisions decisions, Tensor expected) {
        Tensor pixels = clip.permute(1, 2, 3, 0).unflatten(0, 1, clip.dim(1));
        PlannedClips planned = PlannedClips.of(pixels, List.of(decisions), expected.dim(2), expected.dim(3));
        try (HostPool pool = new HostPool();
                Scope host = new Scope(pool)) {
            compare(name, planned.madeBy(device, host).toFloats(), expected);
        }
    }

    private void items(ClipList list) {
        JsonNode item = folder.values().path("validation_item");
        if (item.has("label")) {
            boolean same = list.samples().getFirst().label()
                            == item.path("label").asInt()
                    && list.samples().getFirst().id().equals(item.path("id").asText());
            report.checkExact("list.csv", "(1)", same ? 0 : 1, 1, 0, "");
        }
        if (folder.hasFile(VALIDATION)) {
            folder.names(VALIDATION).forEach(name -> validation(list, name));
        }
        if (folder.hasFile(TEST)) {
            folder.names(TEST).forEach(name -> test(list, name));
        }
        if (folder.hasFile(TRAIN)) {
            folder.values().properties().forEach(entry -> {
                Matcher matcher = CASE.matcher(entry.getKey());
                if (matcher.matches()) {
                    train(list, matcher.group(1), entry.getValue());
                }
            });
        }
    }

    private void validation(ClipList list, String name) {
        Matcher whole = WHOLE.matcher(name);
        Matcher window = WINDOW.matcher(name);
        if (whole.matches()) {
            int length = whole.group(2) == null
                    ? folder.tensor(VALIDATION, name).dim(1)
                    : folder.config().path("frames").asInt();
            FrameClip clip = ClipDataset.validation(list, ClipSpec.of(length, number(whole, 1)))
                    .load(0, RandomStream.of(0));
            check(VALIDATION, name, whole.group(2) == null ? clip : chosen(clip, number(whole, 2)));
        } else if (window.matches()) {
            int end = folder.values().path(window.group(1) + "_end_idx").asInt();
            int side = number(window, 2);
            int crop = number(window, 3);
            List<Image> frames = squares(list, FrameSampling.window(number(window, 4), 1, end), side).stream()
                    .map(frame -> frame.centreCrop(crop, crop))
                    .toList();
            check(VALIDATION, name, FrameClip.of(frames));
        }
    }

    /** The release's crops of a square frame are all the same view. */
    private void test(ClipList list, String name) {
        Matcher view = VIEW.matcher(name);
        Matcher text = VIEW_TEXT.matcher(PreprocessVerifier.meaning(folder, TEST, name));
        if (view.matches() && text.find()) {
            int segments = 1;
            for (JsonNode item : folder.values().path("test_items")) {
                segments = Math.max(segments, item.path(2).asInt() + 1);
            }
            ClipDataset views = ClipDataset.test(
                    list,
                    ClipSpec.of(number(text, 1), number(text, 2)),
                    new TestViews(segments, 2, TestViews.CropMode.SQUARE));
            // Segments that start at the same frame are one view.
            int item = Math.min(number(view, 1), views.size() - 1);
            int[] chosen = Arrays.stream(text.group(3).split(",", -1))
                    .mapToInt(Integer::parseInt)
                    .toArray();
            check(TEST, name, chosen(views.load(item, RandomStream.of(0)), chosen));
        }
    }

    private void train(ClipList list, String name, JsonNode decided) {
        int size = decided.path("size").asInt();
        int[] indices = FrameSampling.window(
                decided.path("clip_len").asInt(), 1, decided.path("end_idx").asInt());
        boolean same = Arrays.equals(indices, PreprocessVerifier.ints(decided.path("indices")));
        report.checkExact(TRAIN + "/" + name + ".indices", "(" + indices.length + ")", same ? 0 : 1, 1, 0, "");
        List<AugmentStep> steps = new ArrayList<>();
        for (JsonNode step : decided.path("ops")) {
            steps.add(new AugmentStep(
                    AugmentOp.parse(step.path("op").asText()),
                    step.path("level_args").path(0).asDouble(),
                    PreprocessImages.interpolation("bicubic")));
        }
        int[] box = PreprocessVerifier.ints(decided.path("crop_ijhw"));
        TrainDecisions decisions = new TrainDecisions(
                steps,
                Optional.of(new CropBox(box[0], box[1], box[2], box[3])),
                decided.path("flip").asBoolean(),
                patch(name, decided.path("erase")));
        check(TRAIN, name + "/out", new FrameClip(decisions.operate(squares(list, indices, size)), decisions));
    }

    private Optional<ErasePatch> patch(String name, JsonNode box) {
        return box.isObject()
                ? Optional.of(new ErasePatch(
                        box.path("top").asInt(),
                        box.path("left").asInt(),
                        box.path("h").asInt(),
                        box.path("w").asInt(),
                        folder.tensor(TRAIN, name + "/erase_pixels").toFloats()))
                : Optional.empty();
    }

    private static List<Image> squares(ClipList list, int[] indices, int side) {
        List<Path> files = list.samples().getFirst().media().frames();
        return Arrays.stream(indices)
                .mapToObj(i -> Resample.resize(ImageFile.read(files.get(i)), side, side, Filter.BILINEAR))
                .toList();
    }

    private static FrameClip chosen(FrameClip clip, int... chosen) {
        return FrameClip.of(
                Arrays.stream(chosen).mapToObj(t -> clip.frames().get(t)).toList());
    }

    private static int number(Matcher matcher, int group) {
        return Integer.parseInt(matcher.group(group));
    }

    private void check(String file, String name, FrameClip clip) {
        Tensor expected = folder.tensor(file, name);
        try (HostPool pool = new HostPool();
                Scope host = new Scope(pool)) {
            PlannedClips planned = PlannedClips.of(clip, host, expected.dim(2), expected.dim(3));
            compare(file + "/" + name, planned.madeBy(device, host).toFloats(), expected);
        }
    }

    private void compare(String name, float[] ours, Tensor expected) {
        double[] values = new double[ours.length];
        Arrays.setAll(values, i -> ours[i]);
        Shape shape = expected.shape();
        report.check(name, shape, values, expected.toDoubles(), null);
    }
}

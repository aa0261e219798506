package org.s2d.data.prepare;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.s2d.data.image.Image;
import org.s2d.data.image.ImageFile;
import org.s2d.data.prepare.DatasetWriter.Entry;
import org.s2d.data.prepare.PairPlan.ClipPlan;
import org.s2d.data.prepare.PairPlan.StillPlan;
import org.s2d.tensor.UserException;

/**
 * Makes clips from still photographs: the same person's face goes from a neutral to an expressive photograph, by a warp
 * along 68 landmarks or a fade. Below the output folder, the same bytes for the same options:
 *
 * <ul>
 *   <li>clips/SPLIT/..., one folder of frames for each clip; train.csv, val.csv, test.csv; clips.csv tells where each clip
 *       comes from;
 *   <li>images/SPLIT/..., the labelled photographs; images_train.csv, images_val.csv, images_test.csv;
 *   <li>classes.txt, the class names of both in the order of their ids.
 * </ul>
 *
 * Neutral clips go the same way as the others, so that a cross-fade is no mark of an expression: between two neutral
 * photographs of a person where there are two, otherwise from the only one to a copy with other framing and exposure.
 */
public final class FacePairs {
    /** Classes in the order of their ids, as far as they occur; others follow by name. */
    private static final List<String> ORDER =
            List.of(PairPlan.NEUTRAL, "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt");

    /** How a clip gets from one photograph to the other. */
    public enum Transition {
        /** Along the landmarks; a fade for photographs without any. */
        WARP,
        /** Cross-fade alone. */
        FADE
    }

    /**
     * Where the photographs are.
     *
     * @param folder the other files' image names are relative to it
     * @param pairs columns person, neutral_file, peak_file, label, split
     * @param annotations columns file, label, split, person, and, where there is one, corpus
     * @param landmarks columns file, x0, y0, ... x67, y67 in pixels of the photograph; may be absent
     */
    public record Source(Path folder, Path pairs, Path annotations, Path landmarks) {
        /** The usual names: pairs.csv, annotations.csv and landmarks68.csv in the folder. */
        public static Source of(Path folder) {
            return new Source(
                    folder,
                    folder.resolve("pairs.csv"),
                    folder.resolve("annotations.csv"),
                    folder.resolve("landmarks68.csv"));
        }
    }

    /**
     * What to make of them.
     *
     * @param frames of a clip
     * @param size width and height of frames and images; 0 keeps that of the photographs
     * @param grey takes the colour away, which in this kind of collection often gives away the source and so the class
     * @param drop classes to leave out
     * @param merge class to the class it becomes part of
     * @param neutralShare neutral clips as a share of all other clips of the split
     * @param png frames as PNG instead of JPEG
     */
    public record Options(
            long seed,
            int frames,
            int size,
            boolean grey,
            Transition transition,
            Set<String> drop,
            Map<String, String> merge,
            double neutralShare,
            boolean png) {
        public Options {
            drop = Set.copyOf(drop);
            merge = Map.copyOf(merge);
            if (frames < 2 || frames > 99 || size < 0 || size > 1024 || !(neutralShare >= 0 && neutralShare <= 5)) {
                throw new UserException(
                        "face pairs: found " + frames + " frames, size " + size + " and neutral share " + neutralShare
                                + ", expected 2 to 99 frames, a size of 0 (as it is) to 1024, a share of 0 to 5.");
            }
        }

        /** 16 grey JPEG frames in the photographs' size, warped; contempt left out; a neutral clip for three others. */
        public static Options defaults(long seed) {
            return new Options(seed, 16, 0, true, Transition.WARP, Set.of("contempt"), Map.of(), 1 / 3.0, false);
        }

        public Options withSize(int pixels) {
            return new Options(seed, frames, pixels, grey, transition, drop, merge, neutralShare, png);
        }

        public Options withClasses(Set<String> dropped, Map<String, String> merged) {
            return new Options(seed, frames, size, grey, transition, dropped, merged, neutralShare, png);
        }

        public Options withTransition(Transition way) {
            return new Options(seed, frames, size, grey, way, drop, merge, neutralShare, png);
        }

        /** The class a label counts as; empty when it is left out. */
        String classOf(String label) {
            String merged = merge.getOrDefault(label, label);
            return drop.contains(label) || drop.contains(merged) ? "" : merged;
        }
    }

    /**
     * What was written.
     *
     * @param classes in the order of their ids
     * @param clips by split, then class
     * @param images by split, then class
     * @param notes what a user should know, one line each
     */
    public record Summary(
            List<String> classes,
            Map<String, Map<String, Integer>> clips,
            Map<String, Map<String, Integer>> images,
            List<String> notes) {}

    private FacePairs() {}

    /**
     * Reads, checks, and writes everything, replacing an earlier set in the same folder.
     *
     * @throws UserException for a missing file, column or photograph, or a person in two splits, before anything is written
     */
    public static Summary write(Source source, Path folder, Options options, Progress progress) {
        Map<String, double[]> landmarks =
                options.transition == Transition.WARP ? landmarks(source.landmarks) : Map.of();
        PairPlan plan = PairPlan.read(source, options);
        DatasetWriter writer = new DatasetWriter(folder);
        writer.clear("clips", "images", "clips.csv", "images.csv");
        PairPlan.SPLITS.forEach(split -> writer.clear(split + ".csv", "images_" + split + ".csv"));
        PairClip maker = new PairClip(source.folder, landmarks, options);
        int clips = plan.clips().size();
        int total = clips + plan.stills().size();
        DatasetWriter.forEach(total, progress, i -> {
            if (i < clips) {
                ClipPlan clip = plan.clips().get(i);
                writer.clip(clip.path(), maker.frames(clip), options.png ? "png" : "jpg");
            } else {
                StillPlan still = plan.stills().get(i - clips);
                writer.file(still.path(), still(source.folder.resolve(still.file()), options));
            }
        });
        return writeLists(plan, writer, notes(plan, landmarks, options));
    }

    private static byte[] still(Path file, Options options) {
        Image image = ImageFile.read(file);
        int width = options.size == 0 ? image.width() : options.size;
        int height = options.size == 0 ? image.height() : options.size;
        return DatasetWriter.jpeg(Photo.of(image, options.grey, width, height).image());
    }

    private static Summary writeLists(PairPlan plan, DatasetWriter writer, List<String> notes) {
        Map<String, Map<String, Integer>> clipCounts = new TreeMap<>();
        Map<String, Map<String, Integer>> imageCounts = new TreeMap<>();
        StringBuilder origins = new StringBuilder("path,label,split,person,kind,from_file,to_file\n");
        for (String split : PairPlan.SPLITS) {
            List<Entry> clips = new ArrayList<>();
            for (ClipPlan clip : plan.clips()) {
                if (clip.split().equals(split)) {
                    clips.add(new Entry(clip.path(), clip.label()));
                    count(clipCounts, split, clip.label());
                    origins.append(clip.row()).append('\n');
                }
            }
            List<Entry> images = new ArrayList<>();
            for (StillPlan still : plan.stills()) {
                if (still.split().equals(split)) {
                    images.add(new Entry(still.path(), still.label()));
                    count(imageCounts, split, still.label());
                }
            }
            writer.list(split + ".csv", clips);
            writer.list("images_" + split + ".csv", images);
        }
        writer.lines("clips.csv", origins.toString());
        StringBuilder stills = new StringBuilder("path,label,split,person,corpus\n");
        plan.stills().forEach(still -> stills.append(still.row()).append('\n'));
        writer.lines("images.csv", stills.toString());
        List<String> classes = classes(imageCounts, clipCounts);
        writer.classes("classes.txt", classes);
        return new Summary(classes, clipCounts, imageCounts, notes);
    }

    private static void count(Map<String, Map<String, Integer>> counts, String split, String label) {
        counts.computeIfAbsent(split, s -> new TreeMap<>()).merge(label, 1, Integer::sum);
    }

    private static List<String> classes(
            Map<String, Map<String, Integer>> images, Map<String, Map<String, Integer>> clips) {
        Set<String> found = new java.util.TreeSet<>();
        images.values().forEach(counts -> found.addAll(counts.keySet()));
        clips.values().forEach(counts -> found.addAll(counts.keySet()));
        List<String> classes =
                new ArrayList<>(ORDER.stream().filter(found::contains).toList());
        found.stream().filter(label -> !ORDER.contains(label)).forEach(classes::add);
        return classes;
    }

    private static List<String> notes(PairPlan plan, Map<String, double[]> landmarks, Options options) {
        List<String> notes = new ArrayList<>();
        long faded = plan.clips().stream()
                .filter(clip -> !landmarks.containsKey(clip.from()) || !landmarks.containsKey(clip.to()))
                .count();
        if (options.transition == Transition.WARP && faded > 0) {
            notes.add(faded + " of " + plan.clips().size()
                    + " clips are cross-fades: no landmarks for their photographs.");
        }
        long single = plan.clips().stream().filter(ClipPlan::single).count();
        if (single > 0) {
            notes.add(single + " neutral clips move between a photograph and an altered copy of itself: their persons"
                    + " have one neutral photograph.");
        }
        return notes;
    }

    /** By image name; empty where the file does not exist. */
    private static Map<String, double[]> landmarks(Path file) {
        Map<String, double[]> landmarks = new HashMap<>();
        if (!Files.exists(file)) {
            return landmarks;
        }
        for (CsvTable.Row row : CsvTable.read(file, "file", "x0", "y67")) {
            double[] points = new double[136];
            for (int i = 0; i < points.length; i++) {
                String column = (i % 2 == 0 ? "x" : "y") + i / 2;
                try {
                    points[i] = Double.parseDouble(row.get(column));
                } catch (NumberFormatException e) {
                    throw row.error("found \"" + row.get(column) + "\" as " + column + ", expected a number. Mend it.");
                }
            }
            landmarks.put(row.get("file"), points);
        }
        return landmarks;
    }
}

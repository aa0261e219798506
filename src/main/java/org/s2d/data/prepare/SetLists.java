package org.s2d.data.prepare;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** The lists of a data set whose clips are there, and a configuration that names them. */
final class SetLists {
    private static final String FOLD = "{fold}";

    private final ClipSet.Options options;
    private final Path folder;
    private final DatasetWriter writer;

    SetLists(ClipSet.Options options, Path folder, DatasetWriter writer) {
        this.options = options;
        this.folder = folder;
        this.writer = writer;
    }

    /** Writes them; clips by list and class. */
    Map<String, Map<String, Integer>> write(List<CsvTable.Row> clips) {
        List<String> parts = parts(options);
        List<Integer> partOf = assign(clips, parts);
        Map<String, Map<String, Integer>> counts = new LinkedHashMap<>();
        List<String> splits = options.layout().splits(options.folds());
        for (int fold = 1; fold <= Math.max(1, options.folds()); fold++) {
            for (int split = 0; split < splits.size(); split++) {
                String name = options.layout()
                        .list(splits.get(split), options.folds())
                        .replace(FOLD, Integer.toString(fold));
                List<CsvTable.Row> chosen = new ArrayList<>();
                for (int i = 0; i < clips.size(); i++) {
                    int part = partOf.get(i);
                    boolean wanted = options.folds() == 0 ? part == split : (part == fold - 1) == (split == 1);
                    if (wanted) {
                        chosen.add(clips.get(i));
                    }
                }
                counts.put(name, list(name, chosen));
            }
        }
        writer.lines("data.yaml", configuration(clips));
        return counts;
    }

    /** Names of what clips are shared out over: folds, or the lists themselves. */
    static List<String> parts(ClipSet.Options options) {
        List<String> parts = new ArrayList<>();
        for (int fold = 1; fold <= options.folds(); fold++) {
            parts.add(Integer.toString(fold));
        }
        return parts.isEmpty() ? options.layout().splits(0) : parts;
    }

    /** The part of every clip: the one that a list gave, or a share of the groups. */
    private List<Integer> assign(List<CsvTable.Row> clips, List<String> parts) {
        if (clips.stream().anyMatch(clip -> !clip.get("part").isEmpty())) {
            return clips.stream().map(clip -> parts.indexOf(clip.get("part"))).toList();
        }
        double[] shares = options.layout().shares();
        if (options.folds() > 0) {
            shares = new double[parts.size()];
            Arrays.fill(shares, 1.0 / parts.size());
        }
        Map<String, Integer> groups = Splits.assign(
                clips.stream()
                        .map(clip -> new Splits.Item(group(clip), clip.get("label")))
                        .toList(),
                shares);
        return clips.stream().map(clip -> groups.getOrDefault(group(clip), 0)).toList();
    }

    /** As {@link Source#group}. */
    private static String group(CsvTable.Row clip) {
        return clip.get("person").isEmpty() ? clip.get("file") : clip.get("person");
    }

    private Map<String, Integer> list(String name, List<CsvTable.Row> clips) {
        Map<String, Integer> counts = new TreeMap<>();
        StringBuilder text = new StringBuilder(options.layout().header()).append('\n');
        for (CsvTable.Row clip : clips) {
            counts.merge(clip.get("label"), 1, Integer::sum);
            text.append(CsvTable.field(clip.get("path")))
                    .append(',')
                    .append(CsvTable.field(options.layout().label(clip.get("label"))))
                    .append('\n');
        }
        writer.lines(name, text.toString());
        return counts;
    }

    /** What a run needs to know of the data; its paths begin as the folder was given. */
    private String configuration(List<CsvTable.Row> clips) {
        SetLayout layout = options.layout();
        List<String> lines = new ArrayList<>(List.of(
                "# ./s2d check-data " + folder.resolve("data.yaml") + (options.folds() > 0 ? " --fold all" : ""),
                "# For training add what else differs from the defaults of  ./s2d train --print-config.",
                "data:",
                "  format: " + layout.format().key(),
                "  root: " + quoted(folder.resolve(layout.root()))));
        if (options.folds() > 0) {
            lines.add("  folds: " + options.folds());
        }
        List<String> splits = layout.splits(options.folds());
        for (String split : List.of("train", "val", "test")) {
            // Where there is no validation list the best epoch is chosen on the test list, as the authors do.
            String name = splits.contains(split) ? split : "test";
            lines.add("  " + split + ": " + quoted(folder.resolve(layout.list(name, options.folds()))));
        }
        if (layout.format().labels().isEmpty()) {
            TreeSet<String> labels = new TreeSet<>();
            clips.forEach(clip -> labels.add(clip.get("label")));
            lines.add("  labels: ["
                    + String.join(", ", labels.stream().map(SetLists::quoted).toList()) + "]");
        }
        return String.join("\n", lines) + "\n";
    }

    private static String quoted(Object text) {
        return "\"" + text.toString().replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }
}

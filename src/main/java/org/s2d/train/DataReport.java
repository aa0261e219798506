package org.s2d.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.s2d.data.check.ClipProbe;
import org.s2d.data.check.ClipProbe.Depth;
import org.s2d.data.check.Finding;
import org.s2d.data.check.Finding.Level;
import org.s2d.data.check.SplitCheck;
import org.s2d.report.ResultTable;

/** What {@link DataCheck} found, as text for people and JSON for programs. One part per fold and task. */
public record DataReport(Depth depth, List<DataCheck.Part> parts) {
    /** Findings of one check that the text names; JSON has all. */
    private static final int SHOWN = 5;

    /** Whether nothing is wrong; warnings are not. */
    public boolean isSound() {
        return parts.stream().allMatch(part -> part.count(Level.ERROR) == 0);
    }

    /** Tables and findings, the worst first. */
    public String text() {
        StringBuilder text = new StringBuilder();
        for (DataCheck.Part part : parts) {
            if (!part.title().isEmpty()) {
                text.append("== ").append(part.title()).append('\n');
            }
            if (!part.splits().isEmpty()) {
                text.append(classes(part.splits()).text()).append('\n');
                text.append(clips(part).text()).append('\n');
            }
            findings(part, text);
        }
        text.append(looked()).append('\n').append(verdict()).append('\n');
        return text.toString();
    }

    /** Clips of every class by split, with their share. */
    private static ResultTable classes(List<SplitCheck> splits) {
        List<String> header = new ArrayList<>(List.of("id class"));
        splits.forEach(split -> header.addAll(List.of(split.split(), "%")));
        List<String> labels = splits.getFirst().list().labels();
        List<List<String>> rows = new ArrayList<>();
        for (int c = 0; c < labels.size(); c++) {
            List<String> row = new ArrayList<>(List.of(c + " " + labels.get(c)));
            for (SplitCheck split : splits) {
                int count = c < split.list().labels().size() ? split.list().classCounts()[c] : 0;
                row.add(Integer.toString(count));
                row.add(String.format(
                        Locale.ROOT,
                        "%.1f",
                        100.0 * count / Math.max(1, split.list().size())));
            }
            rows.add(row);
        }
        return new ResultTable(header, rows);
    }

    /** Clips, frames and people by split. */
    private static ResultTable clips(DataCheck.Part part) {
        boolean photos = part.frames() == 1;
        List<List<String>> rows = new ArrayList<>();
        for (SplitCheck split : part.splits()) {
            List<String> row = new ArrayList<>(
                    List.of(split.split(), Integer.toString(split.list().size())));
            if (!photos) {
                row.addAll(frames(split, part.frames()));
            }
            int people = part.persons().getOrDefault(split.split(), 0);
            row.add(people == 0 ? "not known" : Integer.toString(people));
            rows.add(row);
        }
        List<String> header = photos
                ? List.of("list", "photographs", "persons")
                : List.of(
                        "list",
                        "clips",
                        "fewest frames",
                        "median",
                        "most",
                        "under " + part.frames() + " frames",
                        "persons");
        return new ResultTable(header, rows);
    }

    /** Fewest, median and most frames, and how many clips have fewer than {@code wanted}. */
    private static List<String> frames(SplitCheck split, int wanted) {
        int[] frames = split.facts().stream()
                .mapToInt(ClipProbe.Facts::frames)
                .sorted()
                .toArray();
        long shorter = Arrays.stream(frames).filter(count -> count < wanted).count();
        return List.of(
                Integer.toString(frames[0]),
                Integer.toString(frames[frames.length / 2]),
                Integer.toString(frames[frames.length - 1]),
                Long.toString(shorter));
    }

    private static void findings(DataCheck.Part part, StringBuilder text) {
        Map<String, List<Finding>> byCheck = new LinkedHashMap<>();
        for (Finding finding : part.findings()) {
            String key = finding.level() + "  " + finding.check();
            byCheck.computeIfAbsent(key, unseen -> new ArrayList<>()).add(finding);
        }
        byCheck.forEach((check, found) -> {
            text.append(check).append(": ").append(found.size()).append('\n');
            for (Finding finding : found.subList(0, Math.min(SHOWN, found.size()))) {
                text.append("    ").append(finding.split());
                text.append(finding.clip().isEmpty() ? ": " : " " + finding.clip() + ": ");
                text.append(finding.message()).append('\n');
            }
            if (found.size() > SHOWN) {
                text.append("    and ").append(found.size() - SHOWN).append(" more\n");
            }
        });
    }

    private long sum(ToLongFunction<ClipProbe.Facts> of) {
        return parts.stream()
                .flatMap(part -> part.splits().stream())
                .flatMap(split -> split.facts().stream())
                .distinct()
                .mapToLong(of)
                .sum();
    }

    /** What was looked at and what was not. */
    private String looked() {
        String which = depth == Depth.ALL
                ? "all frames"
                : "first, middle and last of every clip; --frames all decodes the others too";
        return String.format(
                Locale.ROOT,
                "Every frame file was found and has bytes where nothing else is said above; %,d of %,d were decoded"
                        + " (%s).",
                sum(ClipProbe.Facts::decoded),
                sum(ClipProbe.Facts::frames),
                which);
    }

    private String verdict() {
        long errors = parts.stream().mapToLong(part -> part.count(Level.ERROR)).sum();
        long warnings =
                parts.stream().mapToLong(part -> part.count(Level.WARNING)).sum();
        return errors == 0
                ? "Nothing wrong found; " + warnings + " warnings."
                : errors + " errors, " + warnings + " warnings.";
    }

    /** Everything, every finding by itself. */
    public String json() {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode root = mapper.createObjectNode();
        root.put("sound", isSound());
        root.put("frames", sum(ClipProbe.Facts::frames)).put("decoded", sum(ClipProbe.Facts::decoded));
        ArrayNode array = root.putArray("parts");
        for (DataCheck.Part part : parts) {
            ObjectNode node = array.addObject().put("title", part.title());
            ObjectNode splits = node.putObject("splits");
            for (SplitCheck split : part.splits()) {
                ObjectNode own = splits.putObject(split.split());
                own.put("source", split.list().source())
                        .put("clips", split.list().size());
                own.put("persons", part.persons().getOrDefault(split.split(), 0));
                ObjectNode counts = own.putObject("classes");
                for (int c = 0; c < split.list().labels().size(); c++) {
                    counts.put(split.list().labels().get(c), split.list().classCounts()[c]);
                }
                own.set(
                        "frames",
                        mapper.valueToTree(split.facts().stream()
                                .map(ClipProbe.Facts::frames)
                                .toList()));
            }
            node.set("findings", mapper.valueToTree(part.findings()));
        }
        try {
            return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}

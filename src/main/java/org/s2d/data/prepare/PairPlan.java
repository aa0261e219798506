package org.s2d.data.prepare;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.s2d.data.random.RandomStream;
import org.s2d.tensor.UserException;

/** Which clips and stills will be made, decided and checked before anything is drawn. */
record PairPlan(List<ClipPlan> clips, List<StillPlan> stills) {
    static final String NEUTRAL = "neutral";
    static final List<String> SPLITS = List.of("train", "val", "test");
    /** At most so many neutral clips of one person, who would otherwise stand for the class. */
    private static final int NEUTRAL_CLIPS_PER_PERSON = 4;

    /**
     * A clip from one photograph to another; to itself, altered, when both are the same.
     *
     * @param seed of the clip's own random stream
     */
    record ClipPlan(String path, String label, String split, String person, String from, String to, long seed) {
        boolean single() {
            return from.equals(to);
        }

        /** A line of clips.csv. */
        String row() {
            String kind = !label.equals(NEUTRAL) ? "pair" : single() ? "neutral-single" : "neutral-pair";
            return String.join(",", path, label, split, person, kind, from, to);
        }
    }

    /** A labelled photograph. */
    record StillPlan(String path, String file, String label, String split, String person, String corpus) {
        /** A line of images.csv. */
        String row() {
            return String.join(",", path, label, split, person, corpus);
        }
    }

    static PairPlan read(FacePairs.Source source, FacePairs.Options options) {
        List<CsvTable.Row> annotations = CsvTable.read(source.annotations(), "file", "label", "split", "person");
        List<CsvTable.Row> pairs =
                CsvTable.read(source.pairs(), "person", "neutral_file", "peak_file", "label", "split");
        Map<String, String> splitOfPerson = new HashMap<>();
        List<StillPlan> stills = stills(annotations, source.folder(), options, splitOfPerson);
        List<ClipPlan> clips = new ArrayList<>();
        Set<String> taken = new HashSet<>();
        for (CsvTable.Row row : pairs) {
            checkPerson(row, splitOfPerson);
            checkImage(row, source.folder(), "neutral_file");
            checkImage(row, source.folder(), "peak_file");
            String label = options.classOf(row.get("label"));
            if (!label.isEmpty() && !label.equals(NEUTRAL)) {
                String path = unused("clips/" + row.get("split") + "/" + stem(row.get("peak_file")), taken);
                clips.add(clip(
                        path,
                        label,
                        row.get("split"),
                        row.get("person"),
                        row.get("neutral_file"),
                        row.get("peak_file"),
                        options));
            }
        }
        if (options.classOf(NEUTRAL).equals(NEUTRAL)) {
            clips.addAll(neutralClips(stills, clips, options, taken));
        }
        return new PairPlan(List.copyOf(clips), stills);
    }

    private static List<StillPlan> stills(
            List<CsvTable.Row> rows, Path folder, FacePairs.Options options, Map<String, String> splitOfPerson) {
        List<StillPlan> stills = new ArrayList<>();
        Set<String> taken = new HashSet<>();
        for (CsvTable.Row row : rows) {
            checkPerson(row, splitOfPerson);
            String label = options.classOf(row.get("label"));
            if (!label.isEmpty()) {
                checkImage(row, folder, "file");
                String file = row.get("file");
                String path = unused("images/" + row.get("split") + "/" + stem(file), taken) + ".jpg";
                stills.add(new StillPlan(path, file, label, row.get("split"), row.get("person"), row.get("corpus")));
            }
        }
        return List.copyOf(stills);
    }

    /** Neutral clips of each split: real pairs of neutral photographs first, then single photographs, person by person. */
    private static List<ClipPlan> neutralClips(
            List<StillPlan> stills, List<ClipPlan> others, FacePairs.Options options, Set<String> taken) {
        List<ClipPlan> clips = new ArrayList<>();
        for (String split : SPLITS) {
            long wanted = Math.round(options.neutralShare()
                    * others.stream().filter(clip -> clip.split().equals(split)).count());
            Map<String, List<String>> files = new TreeMap<>();
            stills.stream()
                    .filter(still ->
                            still.split().equals(split) && still.label().equals(NEUTRAL))
                    .forEach(still -> files.computeIfAbsent(still.person(), p -> new ArrayList<>())
                            .add(still.file()));
            for (Candidate candidate :
                    candidates(files, options.seed()).stream().limit(wanted).toList()) {
                String path = unused("clips/" + split + "/neutral_" + stem(candidate.from), taken);
                clips.add(clip(path, NEUTRAL, split, candidate.person, candidate.from, candidate.to, options));
            }
        }
        return clips;
    }

    private record Candidate(String person, String from, String to) {}

    /** In the order of preference: each round takes one more pair of every person that has one. */
    private static List<Candidate> candidates(Map<String, List<String>> filesOfPerson, long seed) {
        Random random = new Random(RandomStream.of(seed, 3).nextLong());
        List<String> persons = new ArrayList<>(filesOfPerson.keySet());
        Collections.shuffle(persons, random);
        Map<String, List<Candidate>> pairs = new LinkedHashMap<>();
        List<Candidate> singles = new ArrayList<>();
        for (String person : persons) {
            List<String> files = new ArrayList<>(filesOfPerson.getOrDefault(person, List.of()));
            Collections.shuffle(files, random);
            if (files.size() == 1) {
                singles.add(new Candidate(person, files.getFirst(), files.getFirst()));
            } else {
                List<Candidate> own = new ArrayList<>();
                for (int i = 0; i < Math.min(files.size(), NEUTRAL_CLIPS_PER_PERSON); i++) {
                    own.add(new Candidate(person, files.get(i), files.get((i + 1) % files.size())));
                }
                pairs.put(person, own);
            }
        }
        List<Candidate> ordered = new ArrayList<>();
        for (int round = 0; round < NEUTRAL_CLIPS_PER_PERSON; round++) {
            for (List<Candidate> own : pairs.values()) {
                if (round < own.size()) {
                    ordered.add(own.get(round));
                }
            }
        }
        ordered.addAll(singles);
        return ordered;
    }

    private static ClipPlan clip(
            String path, String label, String split, String person, String from, String to, FacePairs.Options options) {
        long seed = RandomStream.of(options.seed(), 4, path.hashCode()).nextLong();
        return new ClipPlan(path, label, split, person, from, to, seed);
    }

    private static void checkPerson(CsvTable.Row row, Map<String, String> splitOfPerson) {
        String split = row.get("split");
        if (!SPLITS.contains(split)) {
            throw row.error("found split \"" + split + "\", expected one of " + SPLITS + ". Mend or drop the row.");
        }
        String before = splitOfPerson.putIfAbsent(row.get("person"), split);
        if (before != null && !before.equals(split)) {
            throw row.error("found " + row.get("person") + " in split " + split + " and before in " + before
                    + ", expected each person in one. Move the rows to one split.");
        }
    }

    private static void checkImage(CsvTable.Row row, Path folder, String column) {
        String name = row.get(column);
        if (name.isBlank() || !Files.isRegularFile(folder.resolve(name))) {
            throw row.error("image " + folder.resolve(name) + " does not exist. Check the folder or drop the row.");
        }
    }

    /** File name without folder and extension. */
    private static String stem(String file) {
        String name = file.substring(file.lastIndexOf('/') + 1);
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }

    private static String unused(String path, Set<String> taken) {
        String candidate = path;
        for (int i = 2; !taken.add(candidate); i++) {
            candidate = path + "_" + i;
        }
        return candidate;
    }

    PairPlan {
        for (String split : SPLITS) {
            if (stills.stream().noneMatch(still -> still.split().equals(split))) {
                throw new UserException("split " + split + ": no photographs are left, expected some in each of "
                        + SPLITS + ". Drop fewer classes or add rows.");
            }
        }
    }
}

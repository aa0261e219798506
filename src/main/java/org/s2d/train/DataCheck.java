package org.s2d.train;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.s2d.data.ClipList;
import org.s2d.data.Media;
import org.s2d.data.check.ClipProbe;
import org.s2d.data.check.Finding;
import org.s2d.data.check.Finding.Level;
import org.s2d.data.check.Leaks;
import org.s2d.data.check.Persons;
import org.s2d.data.check.SplitCheck;
import org.s2d.data.prepare.DatasetWriter;
import org.s2d.data.prepare.Progress;
import org.s2d.tensor.UserException;

/**
 * Looks at all data of a configuration before hours are spent on it: whether clips are there and readable, how their labels are
 * spread, and what training and test share. With folds, each clip is looked at once.
 */
public final class DataCheck {
    /**
     * How to look.
     *
     * @param person pattern on clip names whose first group is the person; null: only what the lists say
     */
    public record Options(ClipProbe.Depth depth, @Nullable Pattern person) {}

    /**
     * What was found in the lists of one configuration.
     *
     * @param title which fold; empty without folds
     * @param splits lists that could be read
     * @param persons people known in each split
     */
    public record Part(String title, List<SplitCheck> splits, Map<String, Integer> persons, List<Finding> findings) {
        /** How many findings are of a level. */
        public long count(Level level) {
            return findings.stream().filter(finding -> finding.level() == level).count();
        }
    }

    private final List<TrainConfig> configs;
    private final Options options;
    private final Progress progress;
    private final Map<Path, ClipProbe.Facts> facts = new ConcurrentHashMap<>();

    private DataCheck(List<TrainConfig> configs, Options options, Progress progress) {
        this.configs = configs;
        this.options = options;
        this.progress = progress;
    }

    /**
     * Checks a configuration, or with {@code fold} all or one of its folds.
     *
     * @param fold all, a number, or null
     * @throws UserException for a wrong configuration; wrong data are findings
     */
    public static DataReport run(TrainConfig config, @Nullable String fold, Options options, Progress progress) {
        List<TrainConfig> configs = new ArrayList<>();
        if (fold == null) {
            Folds.requireNone(config);
            configs.add(config);
        } else {
            configs.addAll(Folds.chosen(config, fold));
        }
        if (config.data().train().isEmpty()) {
            throw new UserException("data.train: no annotation list given. Set it in the configuration.");
        }
        return new DataReport(config, options.depth(), new DataCheck(configs, options, progress).parts(fold != null));
    }

    private List<Part> parts(boolean folds) {
        List<Map<String, ClipList>> lists = new ArrayList<>();
        List<List<Finding>> findings = new ArrayList<>();
        for (TrainConfig config : configs) {
            List<Finding> own = new ArrayList<>();
            lists.add(read(config, own));
            findings.add(own);
        }
        look(lists);
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < configs.size(); i++) {
            parts.add(part(
                    folds ? configs.get(i).train().outputDir() : "", configs.get(i), lists.get(i), findings.get(i)));
        }
        return parts;
    }

    /** The lists by split; one that cannot be read is a finding. */
    private static Map<String, ClipList> read(TrainConfig config, List<Finding> findings) {
        RunData data = new RunData(config, false);
        Map<String, ClipList> lists = new LinkedHashMap<>();
        List<String> labels = config.data().labels();
        for (String split : List.of("train", "val", "test")) {
            try {
                ClipList list = switch (split) {
                    case "train" -> data.trainList();
                    case "val" -> data.valList(labels);
                    default -> data.testList(labels);
                };
                if (list != null) {
                    lists.put(split, list);
                    labels = list.labels();
                }
            } catch (UserException e) {
                findings.add(new Finding(Level.ERROR, "list", split, "", String.valueOf(e.getMessage())));
            }
        }
        return lists;
    }

    private void look(List<Map<String, ClipList>> lists) {
        Set<Media> media = new LinkedHashSet<>();
        lists.forEach(part ->
                part.values().forEach(list -> list.samples().forEach(sample -> media.add(sample.media()))));
        List<Media> all = List.copyOf(media);
        int frames = configs.getFirst().model().mode().equals("image")
                ? 1
                : configs.getFirst().model().numFrames();
        ClipProbe probe = new ClipProbe(options.depth(), frames);
        DatasetWriter.forEach(all.size(), progress, i -> facts.put(all.get(i).path(), probe.look(all.get(i))));
    }

    private Part part(String title, TrainConfig config, Map<String, ClipList> lists, List<Finding> findings) {
        Persons persons = new Persons(options.person());
        for (String list : List.of(
                config.data().train(), config.data().val(), config.data().test())) {
            if (!list.isEmpty() && Files.isRegularFile(Path.of(list))) {
                persons.read(Path.of(list));
            }
        }
        List<SplitCheck> splits = new ArrayList<>();
        lists.forEach((split, list) -> splits.add(new SplitCheck(split, list, factsOf(list))));
        Leaks leaks = new Leaks(persons);
        Map<String, Integer> people = new LinkedHashMap<>();
        for (SplitCheck split : splits) {
            findings.addAll(split.findings());
            people.put(split.split(), leaks.clipsOfPersons(split).size());
        }
        findings.addAll(leaks.findings(splits));
        findings.sort(Comparator.comparing(Finding::level));
        return new Part(title, splits, people, findings);
    }

    private List<ClipProbe.Facts> factsOf(ClipList list) {
        return list.samples().stream()
                .map(sample -> Objects.requireNonNull(facts.get(sample.media().path())))
                .toList();
    }
}

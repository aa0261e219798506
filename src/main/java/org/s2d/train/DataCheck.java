package org.s2d.train;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.s2d.data.ClipList;
import org.s2d.data.Media;
import org.s2d.data.Sample;
import org.s2d.data.check.ClipProbe;
import org.s2d.data.check.Finding;
import org.s2d.data.check.Finding.Level;
import org.s2d.data.check.Leaks;
import org.s2d.data.check.Persons;
import org.s2d.data.check.SplitCheck;
import org.s2d.data.prepare.DatasetWriter;
import org.s2d.data.prepare.Progress;
import org.s2d.tensor.UserException;
import org.s2d.train.config.RunData;
import org.s2d.train.config.TrainConfig;

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
     * What was found in the lists of one task of a configuration.
     *
     * @param title which fold, or that these are photos; empty for clips without folds
     * @param frames that the model takes of each clip
     * @param splits lists that could be read
     * @param persons people known in each split
     */
    public record Part(
            String title, int frames, List<SplitCheck> splits, Map<String, Integer> persons, List<Finding> findings) {
        /** How many findings are of a level. */
        public long count(Level level) {
            return findings.stream().filter(finding -> finding.level() == level).count();
        }
    }

    private static final String PHOTOS = "photos";

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
        return new DataReport(options.depth(), new DataCheck(configs, options, progress).parts(fold != null));
    }

    private List<Part> parts(boolean folds) {
        List<List<Task>> runs = configs.stream()
                .map(config -> Task.of(config, folds ? config.train().outputDir() : ""))
                .toList();
        look(runs.stream().flatMap(List::stream).toList());
        return runs.stream().flatMap(tasks -> parts(tasks).stream()).toList();
    }

    /** The lists of one task by split; one that cannot be read is a finding. */
    private record Task(
            String title, int frames, TrainConfig.Data data, Map<String, ClipList> lists, List<Finding> findings) {
        /** Clips, and photos if there are some; their splits are called so. */
        static List<Task> of(TrainConfig config, String title) {
            int frames =
                    config.model().mode().equals("image") ? 1 : config.model().numFrames();
            List<Task> tasks = new ArrayList<>();
            tasks.add(read(title, frames, config.data(), new RunData(config, false), ""));
            if (config.photos().isUsed()) {
                String own = title.isEmpty() ? PHOTOS : title + ", " + PHOTOS;
                TrainConfig.Data photos = config.data().of(config.photos());
                tasks.add(read(own, 1, photos, RunData.photos(config, false), PHOTOS + " "));
            }
            return tasks;
        }

        private static Task read(String title, int frames, TrainConfig.Data data, RunData lists, String prefix) {
            Task task = new Task(title, frames, data, new LinkedHashMap<>(), new ArrayList<>());
            List<String> labels = data.labels();
            for (String split : List.of("train", "val", "test")) {
                try {
                    ClipList list = switch (split) {
                        case "train" -> lists.trainList();
                        case "val" -> lists.valList(labels);
                        default -> lists.testList(labels);
                    };
                    if (list != null) {
                        task.lists.put(prefix + split, list);
                        labels = list.labels();
                    }
                } catch (UserException e) {
                    String message = String.valueOf(e.getMessage());
                    task.findings.add(new Finding(Level.ERROR, "list", prefix + split, "", message));
                }
            }
            return task;
        }

        private Stream<Media> media() {
            return lists.values().stream()
                    .flatMap(list -> list.samples().stream())
                    .map(Sample::media);
        }
    }

    private void look(List<Task> tasks) {
        Map<Media, Integer> frames = new LinkedHashMap<>();
        tasks.forEach(task -> task.media().forEach(media -> frames.putIfAbsent(media, task.frames)));
        List<Map.Entry<Media, Integer>> all = List.copyOf(frames.entrySet());
        DatasetWriter.forEach(all.size(), progress, i -> {
            Media media = all.get(i).getKey();
            ClipProbe probe = new ClipProbe(options.depth(), all.get(i).getValue());
            facts.put(media.path(), probe.look(media));
        });
    }

    private List<Part> parts(List<Task> tasks) {
        List<Part> parts = new ArrayList<>();
        for (Task task : tasks) {
            Persons persons = persons(task.data);
            List<SplitCheck> splits = new ArrayList<>();
            task.lists.forEach((split, list) -> splits.add(new SplitCheck(split, list, factsOf(list), persons)));
            Map<String, Integer> people = new LinkedHashMap<>();
            for (SplitCheck split : splits) {
                task.findings.addAll(split.findings());
                people.put(split.split(), split.clipsOfPersons().size());
            }
            task.findings.addAll(Leaks.findings(splits));
            parts.forEach(before -> task.findings.addAll(Leaks.between(before.splits(), splits)));
            task.findings.sort(Comparator.comparing(Finding::level));
            parts.add(new Part(task.title, task.frames, splits, people, task.findings));
        }
        return parts;
    }

    private Persons persons(TrainConfig.Data data) {
        Persons persons = new Persons(options.person());
        for (String list : List.of(data.train(), data.val(), data.test())) {
            if (!list.isEmpty() && Files.isRegularFile(Path.of(list))) {
                persons.read(Path.of(list));
            }
        }
        return persons;
    }

    private List<ClipProbe.Facts> factsOf(ClipList list) {
        return list.samples().stream()
                .map(sample -> Objects.requireNonNull(facts.get(sample.media().path())))
                .toList();
    }
}

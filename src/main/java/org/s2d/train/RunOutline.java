package org.s2d.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.s2d.data.ClipList;
import org.s2d.loss.SdlSchedule;
import org.s2d.nn.Parameter;
import org.s2d.train.config.TrainConfig;

/** What a run is about, in lines for people: its clips by class, its parameters, and what in its configuration may be a mistake. */
final class RunOutline {
    private RunOutline() {}

    static List<String> of(
            TrainConfig config, List<Task> tasks, Collection<Parameter> parameters, @Nullable SdlSchedule sdl) {
        List<String> lines = new ArrayList<>();
        for (Task task : tasks) {
            String of = tasks.size() == 1 ? "" : " (" + task.name() + ")";
            lines.addAll(clips("training" + of, task.trainList()));
            if (task.validationList() != null) {
                lines.addAll(clips("validation" + of, task.validationList()));
            }
        }
        lines.add(parameters(parameters));
        TrainConfig.Landmark landmark = config.landmark();
        if (!landmark.network().equals("none") && landmark.weights().isEmpty()) {
            lines.add("warning: the landmark network has random weights and knows nothing of faces. Give a checkpoint"
                    + " with landmark.weights.");
        }
        if (sdl != null && !sdl.takesPart(config.train().epochs())) {
            lines.add("warning: self-distillation is enabled, but in "
                    + config.train().epochs()
                    + " epochs it never has a weight and a queue that was fed. Change loss.sdl.start_epoch, weights or"
                    + " update_freq.");
        }
        return lines;
    }

    private static List<String> clips(String what, ClipList list) {
        int[] counts = list.classCounts();
        List<String> classes = new ArrayList<>();
        for (int c = 0; c < counts.length; c++) {
            classes.add(list.labels().get(c) + " " + counts[c]);
        }
        int most = Arrays.stream(counts).max().orElse(0);
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "%s: %d clips (%s); always the most frequent class: accuracy %.3f",
                what,
                list.size(),
                String.join(", ", classes),
                most / (double) Math.max(1, list.size())));
        list.notes().forEach(note -> lines.add("  " + list.source() + ": " + note));
        return lines;
    }

    private static String parameters(Collection<Parameter> parameters) {
        long all = parameters.stream()
                .mapToLong(parameter -> parameter.value().numel())
                .sum();
        long trained = parameters.stream()
                .filter(Parameter::requiresGrad)
                .mapToLong(parameter -> parameter.value().numel())
                .sum();
        return String.format(Locale.ROOT, "model: %,d parameters, %,d train", all, trained);
    }
}

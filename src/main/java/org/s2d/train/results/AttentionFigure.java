package org.s2d.train.results;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.s2d.data.ClipDataset;
import org.s2d.data.prepare.Progress;
import org.s2d.report.HeatMap;
import org.s2d.report.StripSheet.Block;
import org.s2d.report.StripSheet.Strip;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.train.checkpoint.TrainedModel;
import org.s2d.train.step.PlannedClips;

/**
 * Attention over faces: of each class the clip that the model is surest of and right about, its frames as the model sees them, and over
 * them {@link AttentionMaps} of the model with its landmark maps, of the same model with maps of zeros, and of other models.
 */
final class AttentionFigure {
    private static final int FRAMES = 4;
    /** The strongest colour stands for this quantile of all weights drawn: a single hot patch would leave the rest pale. */
    private static final double FULL = 0.99;

    /** A model whose attention is drawn, its clips in the order of the same list, and what its strip is called. */
    record Looker(String name, TrainedModel model, ClipDataset dataset) {}

    /** The weights of one clip's shown frames under one name. */
    private record Maps(String name, int side, List<double[]> frames) {}

    private record Clip(String heading, List<BufferedImage> frames, List<Maps> maps) {}

    private final Evaluator.Summary summary;
    private final List<Looker> lookers;

    AttentionFigure(Evaluator.Summary summary, List<Looker> lookers) {
        this.summary = summary;
        this.lookers = List.copyOf(lookers);
    }

    /** Drawn clips, and what is drawn on them, precisely. */
    record Drawn(String caption, List<Block> blocks) {}

    private String caption(double full) {
        Looker first = lookers.getFirst();
        String off = first.model().landmarks().hasNetwork()
                ? " “landmarks off” is the same model given zeros in place of the landmark network's feature maps."
                : " This run has no landmark network.";
        return String.format(
                Locale.ROOT,
                "Colour is the attention of %s in the last encoder block to each patch of the frame: softmax of"
                        + " q·k/√d, mean over heads, divided by that of even attention. Without colour: even or less;"
                        + " darkest: %.1f times even and more, the 99th percentile of all maps drawn, the same in every"
                        + " picture. Of each class the clip that the model is surest of and right about.%s",
                new AttentionMaps(first.model()).asking(),
                full,
                off);
    }

    Drawn draw(Progress progress) {
        List<Integer> chosen = surest();
        List<Clip> clips = new ArrayList<>();
        for (int i = 0; i < chosen.size(); i++) {
            clips.add(clip(chosen.get(i)));
            progress.advanced(i + 1, chosen.size());
        }
        double full = full(clips);
        return new Drawn(
                caption(full), clips.stream().map(clip -> block(clip, full)).toList());
    }

    /** Places in the summary's scores. */
    private List<Integer> surest() {
        Map<Integer, Integer> best = new LinkedHashMap<>();
        int[] predictions = summary.scores().predictions();
        double[][] probabilities = summary.scores().probabilities();
        for (int c = 0; c < summary.labels().size(); c++) {
            for (int i = 0; i < predictions.length; i++) {
                boolean right = predictions[i] == c && summary.scores().labels()[i] == c;
                Integer known = best.get(c);
                if (right && (known == null || probabilities[i][c] > probabilities[known][c])) {
                    best.put(c, i);
                }
            }
        }
        return List.copyOf(best.values());
    }

    private Clip clip(int place) {
        String id = summary.scores().ids().get(place);
        int label = summary.scores().labels()[place];
        ClipPictures pictures = new ClipPictures(lookers.getFirst().dataset());
        int[] shown = pictures.shown(FRAMES);
        List<BufferedImage> frames = pictures.frames(item(lookers.getFirst().dataset(), id), shown);
        String heading = String.format(
                Locale.ROOT,
                "%s, %.0f %% sure",
                summary.labels().get(label),
                100 * summary.scores().probabilities()[place][label]);
        List<Maps> maps = new ArrayList<>();
        for (int i = 0; i < lookers.size(); i++) {
            maps.addAll(maps(lookers.get(i), id, i == 0));
        }
        return new Clip(heading, frames, maps);
    }

    private static List<Maps> maps(Looker looker, String id, boolean withoutLandmarks) {
        TrainedModel model = looker.model();
        AttentionMaps attention = new AttentionMaps(model);
        ClipPictures pictures = new ClipPictures(looker.dataset());
        int[] shown = pictures.shown(FRAMES);
        List<Maps> maps = new ArrayList<>();
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool)) {
            PlannedClips clip = pictures.clip(item(looker.dataset(), id), scope);
            maps.add(maps(looker.name(), attention.of(clip, model.landmarks()), shown));
            if (withoutLandmarks && model.landmarks().hasNetwork()) {
                maps.add(maps(
                        "landmarks off", attention.of(clip, model.landmarks().silenced()), shown));
            }
        }
        return maps;
    }

    private static Maps maps(String name, double[][] frames, int[] shown) {
        int side = (int) Math.round(Math.sqrt(frames[0].length));
        return new Maps(
                name, side, Arrays.stream(shown).mapToObj(t -> frames[t]).toList());
    }

    /** The first view of a clip. */
    private static int item(ClipDataset dataset, String id) {
        for (int item = 0; item < dataset.size(); item++) {
            if (dataset.sample(item).id().equals(id)) {
                return item;
            }
        }
        throw new IllegalStateException(id + " is in no view");
    }

    private static double full(List<Clip> clips) {
        double[] all = clips.stream()
                .flatMap(clip -> clip.maps().stream())
                .flatMap(maps -> maps.frames().stream())
                .flatMapToDouble(Arrays::stream)
                .sorted()
                .toArray();
        // Above even in any case: a model that attends evenly has nothing to show.
        return all.length == 0 ? 2 : Math.max(1.5, all[(int) (FULL * (all.length - 1))]);
    }

    private static Block block(Clip clip, double full) {
        List<Strip> strips = new ArrayList<>();
        strips.add(new Strip(clip.frames().size() == 1 ? "photograph" : "frames", clip.frames()));
        for (Maps maps : clip.maps()) {
            List<BufferedImage> drawn = new ArrayList<>();
            for (int i = 0; i < maps.frames().size(); i++) {
                BufferedImage frame =
                        clip.frames().get(Math.min(i, clip.frames().size() - 1));
                drawn.add(HeatMap.over(frame, maps.frames().get(i), maps.side(), full));
            }
            strips.add(new Strip(maps.name(), drawn));
        }
        return new Block(clip.heading(), strips);
    }
}

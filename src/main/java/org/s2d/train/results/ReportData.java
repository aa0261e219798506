package org.s2d.train.results;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.s2d.data.ClipDataset;
import org.s2d.data.View;
import org.s2d.data.metrics.Calibration;
import org.s2d.data.metrics.MergedScores;
import org.s2d.data.prepare.Progress;
import org.s2d.report.ContactSheet;
import org.s2d.report.Tsne;
import org.s2d.train.step.Inference;

/** What a report shows of a model on a list of clips: its scores, its features in the plane, and its worst mistakes. */
record ReportData(
        Evaluator.Summary summary,
        Calibration calibration,
        @Nullable FeatureMap map,
        List<ContactSheet.Clip> mistakes) {
    private static final int MISTAKES = 12;
    private static final int MISTAKEN_PHOTOGRAPHS = 24;
    private static final int FRAMES = 6;
    private static final int FEWEST_POINTS = 4;

    /**
     * Features in the plane.
     *
     * @param chosen places in the scores, all of them or evenly spaced
     * @param places of the chosen ones, [n][2]
     */
    @SuppressWarnings("ArrayRecordComponent") // only read
    record FeatureMap(int[] chosen, double[][] places) {}

    /** The mean feature of each clip, views weighted by what they stand for. */
    static final class Features implements Inference.Watcher {
        private final ClipDataset dataset;
        private final Progress progress;
        private final double[][] sums;
        private final int[] copies;

        Features(ClipDataset dataset, Progress progress) {
            this.dataset = dataset;
            this.progress = progress;
            sums = new double[dataset.list().size()][0];
            copies = new int[dataset.list().size()];
        }

        @Override
        public void advanced(int done, int total) {
            progress.advanced(done, total);
        }

        @Override
        public boolean wantsFeatures() {
            return true;
        }

        @Override
        public void feature(View view, double[] feature) {
            int sample = view.sample();
            double[] sum = sums[sample].length == 0 ? new double[feature.length] : sums[sample];
            Arrays.setAll(sum, d -> sum[d] + view.copies() * feature[d]);
            sums[sample] = sum;
            copies[sample] += view.copies();
        }

        /** In the order of the scores; clips that could not be read are in neither. */
        double[][] inOrderOf(MergedScores scores) {
            Map<String, double[]> means = new HashMap<>();
            for (int i = 0; i < sums.length; i++) {
                int count = copies[i];
                if (count > 0) {
                    double[] mean =
                            Arrays.stream(sums[i]).map(sum -> sum / count).toArray();
                    means.putIfAbsent(dataset.list().samples().get(i).id(), mean);
                }
            }
            return scores.ids().stream().map(means::get).toArray(double[][]::new);
        }
    }

    static ReportData of(Evaluator.Summary summary, double[][] features, ClipDataset dataset, Progress progress) {
        Calibration calibration = Calibration.of(summary.scores(), EvaluationFiles.BINS);
        return new ReportData(summary, calibration, map(features, progress), mistakes(summary, dataset));
    }

    private static @Nullable FeatureMap map(double[][] features, Progress progress) {
        if (features.length < FEWEST_POINTS) {
            return null;
        }
        int count = Math.min(features.length, Tsne.MOST_POINTS);
        int[] chosen = IntStream.range(0, count)
                .map(i -> (int) ((long) i * features.length / count))
                .toArray();
        double[][] rows = Arrays.stream(chosen).mapToObj(i -> features[i]).toArray(double[][]::new);
        return new FeatureMap(chosen, Tsne.embed(rows, progress));
    }

    /** The clips whose wrong prediction the model was surest of. */
    private static List<ContactSheet.Clip> mistakes(Evaluator.Summary summary, ClipDataset dataset) {
        MergedScores scores = summary.scores();
        int[] predictions = scores.predictions();
        int most = dataset.spec().frames() == 1 ? MISTAKEN_PHOTOGRAPHS : MISTAKES;
        List<Integer> worst = IntStream.range(0, predictions.length)
                .filter(i -> predictions[i] != scores.labels()[i])
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -scores.probabilities()[i][predictions[i]]))
                .limit(most)
                .toList();
        ClipPictures pictures = new ClipPictures(dataset);
        int[] shown = pictures.shown(FRAMES);
        List<ContactSheet.Clip> clips = new ArrayList<>();
        for (int i : worst) {
            String id = scores.ids().get(i);
            int item = IntStream.range(0, dataset.size())
                    .filter(j -> dataset.sample(j).id().equals(id))
                    .findFirst()
                    .orElseThrow();
            clips.add(new ContactSheet.Clip(
                    id,
                    pictures.frames(item, shown),
                    summary.labels().get(scores.labels()[i]),
                    summary.labels().get(predictions[i]),
                    scores.probabilities()[i][predictions[i]]));
        }
        return clips;
    }
}

package org.s2d.train.results;

import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.data.ClipDataset;
import org.s2d.data.random.RandomStream;
import org.s2d.device.Device;
import org.s2d.device.TokenKernels.Standardise;
import org.s2d.model.s4d.Mask;
import org.s2d.model.s4d.S4dConfig;
import org.s2d.model.s4d.S4dPretraining;
import org.s2d.report.StripSheet;
import org.s2d.report.StripSheet.Block;
import org.s2d.report.StripSheet.Strip;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.train.config.TrainConfig;
import org.s2d.train.step.HostReader;
import org.s2d.train.step.MaskedStep;
import org.s2d.train.step.PlannedClips;

/** Photos and clips as they are, as the masked auto-encoder sees them, and as it fills in what it does not see. */
public final class ReconstructionFigure {
    private static final int SAMPLES = 3;
    private static final int MOST_FRAMES = 4;
    private static final int HIDDEN_GREY = 0x808080;

    private final TrainConfig config;
    private final S4dPretraining model;
    private final Device device;
    private final Precision precision;

    /** A figure of a model on a device, as it is when drawn. */
    public ReconstructionFigure(TrainConfig config, S4dPretraining model, Device device, Precision precision) {
        this.config = config;
        this.model = model;
        this.device = device;
        this.precision = precision;
    }

    /** Writes what {@link #draw} draws as one picture. */
    public void write(List<ClipDataset> datasets, Path file) {
        String subtitle = "the first samples; report.html says what is drawn";
        new StripSheet("Reconstructions", subtitle, 3, draw(datasets).blocks()).write(file);
    }

    /** The first samples of every data set. Each always gets the same mask. */
    AttentionFigure.Drawn draw(List<ClipDataset> datasets) {
        List<Block> blocks = new ArrayList<>();
        for (ClipDataset dataset : datasets) {
            if (dataset.spec().frames() == 1) {
                Rows photos = new Rows();
                IntStream.range(0, Math.min(MOST_FRAMES, dataset.size())).forEach(item -> add(photos, dataset, item));
                blocks.add(photos.block("photographs"));
                continue;
            }
            for (int item = 0; item < Math.min(SAMPLES, dataset.size()); item++) {
                Rows clip = new Rows();
                add(clip, dataset, item);
                blocks.add(clip.block(dataset.sample(item).id()));
            }
        }
        String caption = String.format(
                Locale.ROOT,
                "Of each sample, what it is, what the encoder sees of it (%.0f %% of a photo's and %.0f %% of a clip's"
                        + " tokens are hidden), and hidden tokens as the decoder predicts them. Predictions are"
                        + " standardised%s; they are drawn with mean and deviation of the true pixels.",
                100 * config.pretraining().photoMask(),
                100 * config.pretraining().clipMask(),
                MaskedStep.targets(config) == Standardise.NOT ? " by nothing" : " within a token");
        return new AttentionFigure.Drawn(caption, blocks);
    }

    /** The three rows of a block. */
    private static final class Rows {
        final List<BufferedImage> original = new ArrayList<>();
        final List<BufferedImage> seen = new ArrayList<>();
        final List<BufferedImage> filled = new ArrayList<>();

        Block block(String heading) {
            return new Block(
                    heading,
                    List.of(new Strip("as it is", original), new Strip("seen", seen), new Strip("filled in", filled)));
        }
    }

    private void add(Rows rows, ClipDataset dataset, int item) {
        ClipPictures pictures = new ClipPictures(dataset);
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool)) {
            PlannedClips clip = pictures.clip(item, scope);
            Mask mask = MaskedStep.mask(config, model, clip.shape(), RandomStream.of(item));
            double[][] truth;
            double[][] predicted;
            try (Scope place = new Scope(device.allocator(), "clips");
                    Tape tape = Tape.evaluating(device, precision, Gradients.NONE);
                    HostReader reader = new HostReader(device)) {
                Var x = tape.constant(clip.madeOn(device, place, scope));
                Var output = model.forward(tape, x, mask);
                truth = rows(reader.values(model.targets(tape, x.value(), Standardise.NOT)), mask.tokens());
                predicted = rows(reader.values(output.value()), mask.tokens());
            }
            for (int frame : pictures.shown(MOST_FRAMES)) {
                rows.original.add(picture(truth, truth, mask, frame, true));
                rows.seen.add(picture(truth, truth, mask, frame, false));
                rows.filled.add(picture(truth, predicted, mask, frame, true));
            }
        }
    }

    private static double[][] rows(double[] values, int count) {
        int width = values.length / count;
        double[][] rows = new double[count][width];
        for (int i = 0; i < count; i++) {
            System.arraycopy(values, i * width, rows[i], 0, width);
        }
        return rows;
    }

    /** One frame; hidden tokens from {@code hidden}, or grey. */
    private BufferedImage picture(double[][] truth, double[][] hidden, Mask mask, int frame, boolean filled) {
        S4dConfig.Vit vit = model.config().encoder();
        int side = vit.imageSize();
        int patch = vit.patchSize();
        int columns = side / patch;
        BufferedImage picture = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        for (int place = 0; place < vit.tokensPerImage(); place++) {
            int token = frame / vit.tubelet() * vit.tokensPerImage() + place;
            boolean masked = mask.isHidden(0, token);
            double[] numbers = masked && hidden != truth ? likeTruth(hidden[token], truth[token]) : truth[token];
            for (int at = 0; at < patch * patch; at++) {
                int first = (frame % vit.tubelet() * patch * patch + at) * 3;
                int colour = masked && !filled ? HIDDEN_GREY : colour(numbers, first);
                picture.setRGB(place % columns * patch + at % patch, place / columns * patch + at / patch, colour);
            }
        }
        return picture;
    }

    private static int colour(double[] numbers, int first) {
        int colour = 0;
        for (int c = 0; c < 3; c++) {
            colour = (colour << 8) | Math.clamp(Math.round(255 * numbers[first + c]), 0, 255);
        }
        return colour;
    }

    /** A prediction with mean and deviation of the true pixels, as far as targets were standardised. */
    private double[] likeTruth(double[] predicted, double[] truth) {
        int groups = switch (MaskedStep.targets(config)) {
            case CHANNEL -> 3;
            case PATCH -> 1;
            case NOT -> 0;
        };
        double[] result = predicted.clone();
        for (int group = 0; group < groups; group++) {
            int count = truth.length / groups;
            double mean = 0;
            double squares = 0;
            for (int i = group; i < truth.length; i += groups) {
                mean += truth[i] / count;
                squares += truth[i] * truth[i] / count;
            }
            double deviation = Math.sqrt(Math.max(0, squares - mean * mean));
            for (int i = group; i < truth.length; i += groups) {
                result[i] = predicted[i] * deviation + mean;
            }
        }
        return result;
    }
}

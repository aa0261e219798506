package org.s2d.data.augment;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.s2d.data.image.Warp.Interpolation;
import org.s2d.data.random.Draws;
import org.s2d.tensor.UserException;

/**
 * RandAugment (Cubuk et al., 2020) in the release's form: {@code count} operations drawn with replacement from fifteen,
 * each done with probability 1/2 at a magnitude of N(magnitude, deviation) clipped to 0..10.
 *
 * @param magnitude mean strength, 0 to 10
 * @param deviation standard deviation of the strength
 * @param count operations drawn per clip
 * @param increasing whether every operation gets stronger with the magnitude. (In the release {@code inc0} means the
 *     same as {@code inc1}; here it does not.)
 * @param weighted whether geometry is drawn more often than colour, and no operation twice ({@code w0})
 */
public record RandAugment(double magnitude, double deviation, int count, boolean increasing, boolean weighted) {
    private static final double PROBABILITY = 0.5;
    private static final Pattern PART = Pattern.compile("(m|n|mstd|inc|w)(\\d+(?:\\.\\d+)?)");
    private static final List<AugmentOp> INCREASING = List.of(
            AugmentOp.AUTO_CONTRAST,
            AugmentOp.EQUALIZE,
            AugmentOp.INVERT,
            AugmentOp.ROTATE,
            AugmentOp.POSTERIZE_INCREASING,
            AugmentOp.SOLARIZE_INCREASING,
            AugmentOp.SOLARIZE_ADD,
            AugmentOp.COLOR_INCREASING,
            AugmentOp.CONTRAST_INCREASING,
            AugmentOp.BRIGHTNESS_INCREASING,
            AugmentOp.SHARPNESS_INCREASING,
            AugmentOp.SHEAR_X,
            AugmentOp.SHEAR_Y,
            AugmentOp.TRANSLATE_X_REL,
            AugmentOp.TRANSLATE_Y_REL);
    private static final List<AugmentOp> PLAIN = List.of(
            AugmentOp.AUTO_CONTRAST,
            AugmentOp.EQUALIZE,
            AugmentOp.INVERT,
            AugmentOp.ROTATE,
            AugmentOp.POSTERIZE,
            AugmentOp.SOLARIZE,
            AugmentOp.SOLARIZE_ADD,
            AugmentOp.COLOR,
            AugmentOp.CONTRAST,
            AugmentOp.BRIGHTNESS,
            AugmentOp.SHARPNESS,
            AugmentOp.SHEAR_X,
            AugmentOp.SHEAR_Y,
            AugmentOp.TRANSLATE_X_REL,
            AugmentOp.TRANSLATE_Y_REL);

    /** Weights of {@code w0} in the order of both lists, from timm; the two of weight 0 are never drawn. */
    private static final List<Double> WEIGHTS =
            List.of(0.025, 0.005, 0.0, 0.3, 0.0, 0.005, 0.005, 0.025, 0.005, 0.005, 0.025, 0.2, 0.2, 0.1, 0.1);

    private static final long DRAWABLE =
            WEIGHTS.stream().filter(weight -> weight > 0).count();

    public RandAugment {
        if (weighted && count > DRAWABLE) {
            throw new UserException("augmentation w0: " + count + " different operations asked for, there are "
                    + DRAWABLE + ". Lower n.");
        }
    }

    /**
     * Reads {@code rand-m7-n4-mstd0.5-inc1}: magnitude, count, deviation, increasing, {@code w0} for weights; what is left out is
     * m10, n2, mstd0, inc0, no weights.
     */
    public static RandAugment parse(String text) {
        String[] parts = text.split("-", -1);
        if (!parts[0].equals("rand")) {
            throw unknown(text, parts[0]);
        }
        double magnitude = 10;
        double deviation = 0;
        int count = 2;
        boolean increasing = false;
        boolean weighted = false;
        for (int i = 1; i < parts.length; i++) {
            Matcher matcher = PART.matcher(parts[i]);
            if (!matcher.matches()) {
                throw unknown(text, parts[i]);
            }
            double value = Double.parseDouble(matcher.group(2));
            switch (matcher.group(1)) {
                case "m" -> magnitude = value;
                case "mstd" -> deviation = value;
                case "n" -> count = (int) value;
                case "inc" -> increasing = value != 0;
                default -> {
                    if (value != 0) {
                        throw unknown(text, parts[i]);
                    }
                    weighted = true;
                }
            }
        }
        return new RandAugment(magnitude, deviation, count, increasing, weighted);
    }

    private static UserException unknown(String text, String part) {
        return new UserException("augmentation '" + text + "': '" + part
                + "' is not understood, expected a form like rand-m7-n4-mstd0.5-inc1.");
    }

    /** The operations that are drawn from. */
    public List<AugmentOp> operations() {
        return increasing ? INCREASING : PLAIN;
    }

    /** Draws the operations for one clip of frames of {@code size} pixels. */
    public List<AugmentStep> draw(Draws draws, int size) {
        List<AugmentStep> steps = new ArrayList<>();
        double[] left = WEIGHTS.stream().mapToDouble(Double::doubleValue).toArray();
        for (int i = 0; i < count; i++) {
            int index =
                    weighted ? take(draws, left) : draws.nextInt(operations().size());
            AugmentOp op = operations().get(index);
            if (draws.chance(PROBABILITY)) {
                double strength = Math.clamp(magnitude + deviation * draws.nextGaussian(), 0, 10);
                boolean negative = op.hasSign() && draws.chance(0.5);
                steps.add(new AugmentStep(op, op.argument(strength, negative, size), Interpolation.BICUBIC));
            }
        }
        return steps;
    }

    /** Draws an index by the weights that are left, and takes its weight away. */
    private static int take(Draws draws, double[] left) {
        double point = draws.uniform(0, Arrays.stream(left).sum());
        int last = 0;
        for (int i = 0; i < left.length; i++) {
            if (left[i] > 0) {
                last = i; // where rounding leaves the point beyond the sum
                point -= left[i];
                if (point < 0) {
                    break;
                }
            }
        }
        left[last] = 0;
        return last;
    }
}

package org.s2d.data.augment;

import java.util.ArrayList;
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
 */
public record RandAugment(double magnitude, double deviation, int count, boolean increasing) {
    private static final double PROBABILITY = 0.5;
    private static final Pattern PART = Pattern.compile("(m|n|mstd|inc)(\\d+(?:\\.\\d+)?)");
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

    /** Reads {@code rand-m7-n4-mstd0.5-inc1}: magnitude, count, deviation, increasing; what is left out is m10, n2, mstd0, inc0. */
    public static RandAugment parse(String text) {
        String[] parts = text.split("-", -1);
        if (!parts[0].equals("rand")) {
            throw unknown(text, parts[0]);
        }
        RandAugment result = new RandAugment(10, 0, 2, false);
        for (int i = 1; i < parts.length; i++) {
            Matcher matcher = PART.matcher(parts[i]);
            if (!matcher.matches()) {
                throw unknown(text, parts[i]);
            }
            double value = Double.parseDouble(matcher.group(2));
            result = switch (matcher.group(1)) {
                case "m" -> new RandAugment(value, result.deviation, result.count, result.increasing);
                case "mstd" -> new RandAugment(result.magnitude, value, result.count, result.increasing);
                case "n" -> new RandAugment(result.magnitude, result.deviation, (int) value, result.increasing);
                default -> new RandAugment(result.magnitude, result.deviation, result.count, value != 0);
            };
        }
        return result;
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
        for (int i = 0; i < count; i++) {
            AugmentOp op = operations().get(draws.nextInt(operations().size()));
            if (draws.chance(PROBABILITY)) {
                double strength = Math.clamp(magnitude + deviation * draws.nextGaussian(), 0, 10);
                boolean negative = op.hasSign() && draws.chance(0.5);
                steps.add(new AugmentStep(op, op.argument(strength, negative, size), Interpolation.BICUBIC));
            }
        }
        return steps;
    }
}

package org.s2d.data.augment;

import org.s2d.data.image.Image;
import org.s2d.data.image.PhotoOps;
import org.s2d.data.image.Warp;
import org.s2d.data.image.Warp.Interpolation;
import org.s2d.tensor.UserException;

/**
 * The operations of RandAugment under the names of the PyTorch release. A magnitude of 0 to 10 becomes the operation's
 * own argument; those that have a direction are negated for half of the draws. New pixels are mid-grey (128).
 */
public enum AugmentOp {
    AUTO_CONTRAST("AutoContrast", Sign.NONE),
    EQUALIZE("Equalize", Sign.NONE),
    INVERT("Invert", Sign.NONE),
    /** Degrees, counter-clockwise. */
    ROTATE("Rotate", Sign.ARGUMENT),
    /** Bits that stay. */
    POSTERIZE("Posterize", Sign.NONE),
    POSTERIZE_INCREASING("PosterizeIncreasing", Sign.NONE),
    POSTERIZE_ORIGINAL("PosterizeOriginal", Sign.NONE),
    /** Threshold. */
    SOLARIZE("Solarize", Sign.NONE),
    SOLARIZE_INCREASING("SolarizeIncreasing", Sign.NONE),
    /** Amount. */
    SOLARIZE_ADD("SolarizeAdd", Sign.NONE),
    /** Enhancement factors: 1 changes nothing. */
    COLOR("Color", Sign.NONE),
    COLOR_INCREASING("ColorIncreasing", Sign.AROUND_ONE),
    CONTRAST("Contrast", Sign.NONE),
    CONTRAST_INCREASING("ContrastIncreasing", Sign.AROUND_ONE),
    BRIGHTNESS("Brightness", Sign.NONE),
    BRIGHTNESS_INCREASING("BrightnessIncreasing", Sign.AROUND_ONE),
    SHARPNESS("Sharpness", Sign.NONE),
    SHARPNESS_INCREASING("SharpnessIncreasing", Sign.AROUND_ONE),
    SHEAR_X("ShearX", Sign.ARGUMENT),
    SHEAR_Y("ShearY", Sign.ARGUMENT),
    /** Pixels. */
    TRANSLATE_X("TranslateX", Sign.ARGUMENT),
    TRANSLATE_Y("TranslateY", Sign.ARGUMENT),
    /** Parts of the width or height. */
    TRANSLATE_X_REL("TranslateXRel", Sign.ARGUMENT),
    TRANSLATE_Y_REL("TranslateYRel", Sign.ARGUMENT);

    private static final int FILL = 128;
    private static final double MAX_MAGNITUDE = 10;

    private enum Sign {
        NONE,
        ARGUMENT,
        AROUND_ONE
    }

    private final String label;
    private final Sign sign;

    AugmentOp(String label, Sign sign) {
        this.label = label;
        this.sign = sign;
    }

    /** The release's name. */
    public String label() {
        return label;
    }

    /** The operation of a release name. */
    public static AugmentOp parse(String label) {
        for (AugmentOp op : values()) {
            if (op.label.equals(label)) {
                return op;
            }
        }
        throw new UserException("augmentation '" + label + "' is unknown.");
    }

    /** True when half of the draws are negated. */
    public boolean hasSign() {
        return sign != Sign.NONE;
    }

    /** True for operations without an argument. */
    public boolean isPlain() {
        return this == AUTO_CONTRAST || this == EQUALIZE || this == INVERT;
    }

    /**
     * The argument that belongs to a magnitude.
     *
     * @param magnitude 0 to 10
     * @param negative the drawn sign; ignored where there is none
     * @param size side of the frames in pixels; translations by pixels reach 45 % of it
     */
    public double argument(double magnitude, boolean negative, int size) {
        double level = magnitude / MAX_MAGNITUDE;
        double value = switch (this) {
            case AUTO_CONTRAST, EQUALIZE, INVERT -> 0;
            case ROTATE -> level * 30;
            case POSTERIZE -> (int) (level * 4);
            case POSTERIZE_INCREASING -> 4 - (int) (level * 4);
            case POSTERIZE_ORIGINAL -> (int) (level * 4) + 4;
            case SOLARIZE -> (int) (level * 256);
            case SOLARIZE_INCREASING -> 256 - (int) (level * 256);
            case SOLARIZE_ADD -> (int) (level * 110);
            case COLOR, CONTRAST, BRIGHTNESS, SHARPNESS -> level * 1.8 + 0.1;
            case COLOR_INCREASING, CONTRAST_INCREASING, BRIGHTNESS_INCREASING, SHARPNESS_INCREASING -> level * 0.9;
            case SHEAR_X, SHEAR_Y -> level * 0.3;
            case TRANSLATE_X, TRANSLATE_Y -> level * (int) (size * 0.45);
            case TRANSLATE_X_REL, TRANSLATE_Y_REL -> level * 0.45;
        };
        double signed = negative && hasSign() ? -value : value;
        return sign == Sign.AROUND_ONE ? 1 + signed : signed;
    }

    /** The operation on one frame. */
    public Image apply(Image image, double argument, Interpolation interpolation) {
        return switch (this) {
            case AUTO_CONTRAST -> PhotoOps.autoContrast(image);
            case EQUALIZE -> PhotoOps.equalize(image);
            case INVERT -> PhotoOps.invert(image);
            case ROTATE -> Warp.rotate(image, argument, interpolation, FILL);
            case POSTERIZE, POSTERIZE_INCREASING, POSTERIZE_ORIGINAL -> PhotoOps.posterize(image, (int) argument);
            case SOLARIZE, SOLARIZE_INCREASING -> PhotoOps.solarize(image, argument);
            case SOLARIZE_ADD -> PhotoOps.solarizeAdd(image, (int) argument);
            case COLOR, COLOR_INCREASING -> PhotoOps.color(image, argument);
            case CONTRAST, CONTRAST_INCREASING -> PhotoOps.contrast(image, argument);
            case BRIGHTNESS, BRIGHTNESS_INCREASING -> PhotoOps.brightness(image, argument);
            case SHARPNESS, SHARPNESS_INCREASING -> PhotoOps.sharpness(image, argument);
            case SHEAR_X -> Warp.shearX(image, argument, interpolation, FILL);
            case SHEAR_Y -> Warp.shearY(image, argument, interpolation, FILL);
            case TRANSLATE_X -> Warp.translate(image, argument, 0, interpolation, FILL);
            case TRANSLATE_Y -> Warp.translate(image, 0, argument, interpolation, FILL);
            case TRANSLATE_X_REL -> Warp.translate(image, argument * image.width(), 0, interpolation, FILL);
            case TRANSLATE_Y_REL -> Warp.translate(image, 0, argument * image.height(), interpolation, FILL);
        };
    }
}

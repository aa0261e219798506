package org.s2d.data.synthetic;

import java.awt.Color;
import java.util.SplittableRandom;

/**
 * What does not move in a face: one drawn person. Lengths are in half picture heights, with the origin between eyes and
 * nose, y downwards.
 */
record Identity(
        double width,
        double height,
        double jaw,
        Color skin,
        Color hair,
        Hair hairStyle,
        double browThickness,
        double browHeight,
        double eyeSpacing,
        double eyeSize,
        Color iris,
        double noseLength,
        double noseWidth,
        double mouthY,
        double mouthHalfWidth,
        double lipFullness,
        boolean glasses,
        double beard,
        Color clothes) {

    /** How the hair is worn. */
    enum Hair {
        SHORT,
        FRINGE,
        LONG,
        CURLY,
        BALD
    }

    private static final int[] SKIN = {0xFFE0C8, 0xF5CDAE, 0xEBBB95, 0xD9A47A, 0xBE8558, 0x996642, 0x764A2E, 0x573422};
    private static final int[] HAIR = {0x1B1614, 0x3A2518, 0x5E3B22, 0x8C5A2E, 0xC99A56, 0x9B4525, 0x8D8B89, 0xD6D2CB};
    private static final int[] IRIS = {0x4A2C17, 0x6A4423, 0x3F6B4A, 0x3E6B93, 0x6F7F88};
    private static final int[] CLOTHES = {0x2F4B6E, 0x7A2F3A, 0x3C5F47, 0x585060, 0xA07B3B, 0xD8D4CC, 0x252A31};

    /** The person of that number; the same for the same seed, whatever else is drawn. */
    static Identity of(long seed, int person) {
        SplittableRandom random = Seeds.random(seed, 1, person);
        boolean beardless = random.nextDouble() < 0.72;
        return new Identity(
                random.nextDouble(0.50, 0.60),
                random.nextDouble(0.68, 0.77),
                random.nextDouble(0.26, 0.42),
                shade(SKIN[random.nextInt(SKIN.length)], random.nextDouble(0.94, 1.05)),
                shade(HAIR[random.nextInt(HAIR.length)], random.nextDouble(0.85, 1.15)),
                Hair.values()[random.nextInt(Hair.values().length)],
                random.nextDouble(0.038, 0.07),
                random.nextDouble(0.165, 0.20),
                random.nextDouble(0.215, 0.25),
                random.nextDouble(0.10, 0.125),
                new Color(IRIS[random.nextInt(IRIS.length)]),
                random.nextDouble(0.20, 0.27),
                random.nextDouble(0.065, 0.10),
                random.nextDouble(0.39, 0.43),
                random.nextDouble(0.17, 0.215),
                random.nextDouble(0.025, 0.05),
                random.nextDouble() < 0.18,
                beardless ? 0 : random.nextDouble(0.2, 0.45),
                new Color(CLOTHES[random.nextInt(CLOTHES.length)]));
    }

    /** Skin darkened or lightened; 1 leaves it. */
    Color skin(double brightness) {
        return shade(skin.getRGB(), brightness);
    }

    /** Colour of the lips: the skin, redder and darker. */
    Color lips() {
        Color base = skin(0.78);
        return new Color(Math.min(255, base.getRed() + 34), (int) (12 + base.getGreen() * 0.74), (int)
                (14 + base.getBlue() * 0.76));
    }

    /** Grey brows stay visible on pale skin, so brows are darker than the hair. */
    Color brows() {
        return shade(hair.getRGB(), 0.55);
    }

    private static Color shade(int rgb, double factor) {
        Color color = new Color(rgb);
        return new Color(
                (int) Math.clamp(color.getRed() * factor, 0, 255),
                (int) Math.clamp(color.getGreen() * factor, 0, 255),
                (int) Math.clamp(color.getBlue() * factor, 0, 255));
    }
}

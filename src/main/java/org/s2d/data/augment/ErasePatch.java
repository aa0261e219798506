package org.s2d.data.augment;

import java.util.Arrays;
import java.util.Optional;
import org.s2d.data.random.Draws;

/**
 * A rectangle of a clip that is overwritten: the same box in all frames.
 *
 * @param values what is written, {@code [frames, channels, height, width]}
 */
@SuppressWarnings("ArrayRecordComponent") // values are never copied, and never compared
public record ErasePatch(int top, int left, int height, int width, float[] values) {
    private static final int TRIES = 100;

    /** What a patch is filled with. */
    public enum Mode {
        /** Zeros. */
        CONST,
        /** One normally distributed value per frame and channel. */
        RAND,
        /** Normally distributed values, drawn for every sample. */
        PIXEL
    }

    /**
     * How often and how to erase: with {@code probability} a box of 1/50 to 1/3 of the area and an aspect of 0.3 to 10/3.
     */
    public record Rule(double probability, Mode mode) {
        /** The patch for one clip, or none. */
        public Optional<ErasePatch> draw(Draws draws, int channels, int frames, int height, int width) {
            if (!draws.chance(probability)) {
                return Optional.empty();
            }
            double bound = StrictMath.log(0.3);
            for (int i = 0; i < TRIES; i++) {
                double area = draws.uniform(0.02, 1.0 / 3) * height * width;
                int[] size = boxSize(area, draws.uniform(bound, -bound));
                if (size[0] < height && size[1] < width) {
                    int top = draws.nextInt(height - size[0] + 1);
                    int left = draws.nextInt(width - size[1] + 1);
                    float[] values = new float[frames * channels * size[0] * size[1]];
                    fill(values, size[0] * size[1], draws);
                    return Optional.of(new ErasePatch(top, left, size[0], size[1], values));
                }
            }
            return Optional.empty();
        }

        private void fill(float[] values, int area, Draws draws) {
            switch (mode) {
                case CONST -> {}
                case RAND -> {
                    for (int i = 0; i < values.length; i += area) {
                        Arrays.fill(values, i, i + area, (float) draws.nextGaussian());
                    }
                }
                case PIXEL -> draws.fillGaussian(values);
            }
        }
    }

    /** Height and width of a box of this area whose height / width has this logarithm, rounded half to even. */
    public static int[] boxSize(double area, double logAspect) {
        double aspect = StrictMath.exp(logAspect);
        return new int[] {(int) Math.rint(Math.sqrt(area * aspect)), (int) Math.rint(Math.sqrt(area / aspect))};
    }
}

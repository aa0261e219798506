package org.s2d.data.synthetic;

import java.util.random.RandomGenerator;

/**
 * What the muscles of a face do. 0 is rest for everything but eyeOpen and mouthWidth, where it is 1.
 *
 * @param browRaise both brows up (1) or down (-1)
 * @param browTilt inner ends up (1, grief) or down (-1, frown)
 * @param eyeOpen height of the eye opening: 0 shut, 1 normal, 1.5 wide
 * @param squint lower lid pushed up by the cheek, 0 to 1
 * @param gazeX sideways, -1 to 1
 * @param gazeY downwards, -1 to 1
 * @param mouthCurve corners up (1) or down (-1)
 * @param mouthOpen 0 closed to 1 dropped jaw
 * @param mouthWidth factor
 */
record Expression(
        double browRaise,
        double browTilt,
        double eyeOpen,
        double squint,
        double gazeX,
        double gazeY,
        double mouthCurve,
        double mouthOpen,
        double mouthWidth) {
    static final Expression NEUTRAL = new Expression(0, 0, 1, 0, 0, 0, 0, 0, 1);
    static final Expression HAPPY = new Expression(0.15, 0, 0.8, 0.7, 0, 0, 1, 0.32, 1.3);
    static final Expression SURPRISE = new Expression(1, 0, 1.5, 0, 0, 0, 0, 1, 0.66);
    static final Expression SAD = new Expression(0.1, 1, 0.62, 0, 0, 0.35, -0.9, 0, 0.88);
    static final Expression ANGRY = new Expression(-0.55, -1, 0.8, 0.45, 0, 0, -0.45, 0.06, 0.92);

    /** This face on its way to another: weight 0 is this, 1 the other. */
    Expression towards(Expression other, double weight) {
        return new Expression(
                mix(browRaise, other.browRaise, weight),
                mix(browTilt, other.browTilt, weight),
                mix(eyeOpen, other.eyeOpen, weight),
                mix(squint, other.squint, weight),
                mix(gazeX, other.gazeX, weight),
                mix(gazeY, other.gazeY, weight),
                mix(mouthCurve, other.mouthCurve, weight),
                mix(mouthOpen, other.mouthOpen, weight),
                mix(mouthWidth, other.mouthWidth, weight));
    }

    /** Somebody's own way of making this face. */
    Expression varied(RandomGenerator random) {
        return new Expression(
                browRaise * random.nextDouble(0.8, 1.15),
                browTilt * random.nextDouble(0.8, 1.15),
                1 + (eyeOpen - 1) * random.nextDouble(0.7, 1.2),
                squint * random.nextDouble(0.6, 1.2),
                gazeX,
                gazeY,
                mouthCurve * random.nextDouble(0.8, 1.15),
                mouthOpen * random.nextDouble(0.6, 1.25),
                1 + (mouthWidth - 1) * random.nextDouble(0.7, 1.2));
    }

    Expression withGaze(double x, double y) {
        return new Expression(
                browRaise, browTilt, eyeOpen, squint, gazeX + x, gazeY + y, mouthCurve, mouthOpen, mouthWidth);
    }

    /** Lids closed to the given share of their opening. */
    Expression blinking(double share) {
        return new Expression(
                browRaise, browTilt, eyeOpen * share, squint, gazeX, gazeY, mouthCurve, mouthOpen, mouthWidth);
    }

    private static double mix(double from, double to, double weight) {
        return from + (to - from) * weight;
    }
}

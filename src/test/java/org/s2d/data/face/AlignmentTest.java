package org.s2d.data.face;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import org.junit.jupiter.api.Test;
import org.s2d.data.image.Image;

class AlignmentTest {
    /** Landmarks of a face whose eyes, nose and mouth are where the square without a margin wants them. */
    private static double[] landmarks(Alignment of) {
        double[] points = new double[136];
        for (int i = 0; i < 68; i++) {
            double[] place =
                    i < 36 ? new double[] {0.5, 0.59} : i < 42 ? new double[] {0.29, 0.37} : new double[] {0.71, 0.37};
            if (i == 48 || i == 54) {
                place = new double[] {i == 48 ? 0.345 : 0.655, 0.80};
            }
            points[2 * i] = of.x() + of.a() * place[0] - of.b() * place[1];
            points[2 * i + 1] = of.y() + of.b() * place[0] + of.a() * place[1];
        }
        return points;
    }

    @Test
    void aTurnedAndShiftedFaceIsFound() {
        Alignment turned = new Alignment(40, 25, 90 * Math.cos(0.3), 90 * Math.sin(0.3));
        Alignment found = Alignment.of(landmarks(turned), 0);
        assertThat(found.x()).isCloseTo(turned.x(), offset(1e-9));
        assertThat(found.y()).isCloseTo(turned.y(), offset(1e-9));
        assertThat(found.side()).isCloseTo(90, offset(1e-9));
        assertThat(found.tilt()).isCloseTo(Math.toDegrees(0.3), offset(1e-9));
    }

    @Test
    void theMarginIsRoomOnAllSides() {
        Alignment upright = new Alignment(100, 50, 80, 0);
        Alignment wide = Alignment.of(landmarks(upright), 0.25);
        assertThat(wide.side()).isCloseTo(120, offset(1e-9));
        assertThat(wide.x()).isCloseTo(80, offset(1e-9));
        assertThat(wide.y()).isCloseTo(30, offset(1e-9));
    }

    @Test
    void whatIsCutOutOfATurnedSquareStandsUpright() {
        Image picture = Image.blank(60, 60);
        // A white dot a quarter to the right of the square's centre, which is turned by 90 degrees: below it in the
        // picture.
        for (int channel = 0; channel < 3; channel++) {
            picture.rgb()[(40 * 60 + 30) * 3 + channel] = (byte) 255;
        }
        Alignment turned = new Alignment(51, 10, 0, 40);
        Image cut = turned.cut(picture, 40);
        assertThat(cut.at(30, 20, 0)).isGreaterThan(100);
        assertThat(cut.at(20, 30, 0)).isZero();
    }

    @Test
    void landmarksFarFromTheFaceAreNotBelieved() {
        Alignment upright = Alignment.upright(new FaceBox(100, 100, 80, 80, 1));
        assertThat(new Alignment(105, 98, 78, 10).isNear(upright)).isTrue();
        assertThat(new Alignment(160, 100, 80, 0).isNear(upright)).isFalse();
        assertThat(new Alignment(120, 120, 30, 0).isNear(upright)).isFalse();
        assertThat(new Alignment(180, 100, 5, 80).isNear(upright)).isFalse();
    }
}

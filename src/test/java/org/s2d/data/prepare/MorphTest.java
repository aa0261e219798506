package org.s2d.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class MorphTest {
    /** A soft bright spot on black. */
    private static Photo spot(double centreX, double centreY) {
        Photo photo = new Photo(64, 64, 1);
        for (int y = 0; y < 64; y++) {
            for (int x = 0; x < 64; x++) {
                double squared = (x - centreX) * (x - centreX) + (y - centreY) * (y - centreY);
                photo.planes[0][y * 64 + x] = (float) (200 * Math.exp(-squared / 18));
            }
        }
        return photo;
    }

    @Test
    void theEndsAreThePhotographs() {
        Photo from = spot(20, 30);
        Photo to = spot(40, 34);
        Morph morph = new Morph(from, to, new double[] {20, 30}, new double[] {40, 34});
        for (int i = 0; i < 64 * 64; i++) {
            assertThat(morph.at(0).planes[0][i]).isCloseTo(from.planes[0][i], within(1e-3f));
            assertThat(morph.at(1).planes[0][i]).isCloseTo(to.planes[0][i], within(1e-3f));
        }
    }

    @Test
    void aWarpMovesWhatAFadeShowsTwice() {
        Photo from = spot(20, 30);
        Photo to = spot(40, 34);
        Photo warped = new Morph(from, to, new double[] {20, 30}, new double[] {40, 34}).at(0.5);
        Photo faded = new Morph(from, to, new double[0], new double[0]).at(0.5);
        assertThat(warped.sample(0, 30, 32)).isGreaterThan(190);
        assertThat(faded.sample(0, 30, 32)).isLessThan(20);
        assertThat(faded.sample(0, 20, 30)).isCloseTo(100, within(1f));
    }

    @Test
    void landmarksOutsideThePictureOrUponEachOtherDoNoHarm() {
        Photo from = spot(20, 30);
        double[] landmarks = {20, 30, 20.2, 30.1, -8, 12, 63, 63, 30, 200};
        Photo same = new Morph(from, from, landmarks, landmarks).at(0.4);
        for (int i = 0; i < 64 * 64; i++) {
            assertThat(same.planes[0][i]).isCloseTo(from.planes[0][i], within(1e-3f));
        }
    }

    @Test
    void movedPointsLieWhereTheMovedPictureShowsThem() {
        Motion motion = new Motion(0.1, 1.1, 0.05, -0.03);
        double[] place = motion.points(new double[] {40, 25}, 64, 64);
        Photo moved = motion.apply(spot(40, 25), 1);
        // Each of the two bilinear readings loses up to 2 * |f''| / 8 at the top, with f'' = -200 / 9; 2 pixels off
        // lose 40.
        assertThat(moved.sample(0, place[0], place[1])).isCloseTo(200, within(11.2f));
    }
}

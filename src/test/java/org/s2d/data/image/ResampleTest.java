package org.s2d.data.image;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.s2d.data.ReferenceCase;
import org.s2d.data.image.Resample.Filter;

class ResampleTest {
    @ParameterizedTest
    @CsvSource({
        "bilinear_64x64, 64, 64, BILINEAR",
        "bilinear_112x112, 112, 112, BILINEAR",
        "bilinear_224x224, 224, 224, BILINEAR",
        "bilinear_100x200, 100, 200, BILINEAR",
        "bilinear_240x90, 240, 90, BILINEAR",
        "bicubic_96x80, 96, 80, BICUBIC"
    })
    void resizesBitEqualToPil(String name, int width, int height, Filter filter) {
        ReferenceCase reference = ReferenceCase.require("preprocess");
        Image source = reference.tensor("pil.safetensors", "src").image();
        Image expected = reference.tensor("pil.safetensors", name).image();
        assertThat(Resample.resize(source, width, height, filter).rgb()).isEqualTo(expected.rgb());
        assertThat(Resample.resizeOneOfMany(source, width, height, filter).rgb())
                .isEqualTo(expected.rgb());
    }

    @Test
    void shortSideKeepsTheProportion() {
        Image wide = Resample.resizeShortSide(Image.blank(240, 180), 64, Filter.BILINEAR);
        assertThat(new int[] {wide.width(), wide.height()}).containsExactly(85, 64);
        Image high = Resample.resizeShortSide(Image.blank(90, 180), 64, Filter.BILINEAR);
        assertThat(new int[] {high.width(), high.height()}).containsExactly(64, 128);
    }

    @Test
    void evenColoursStayEven() {
        Image image = PhotoOps.map(Image.blank(7, 5), value -> 201);
        assertThat(Resample.resize(image, 23, 2, Filter.BICUBIC).rgb()).containsOnly((byte) 201);
    }
}

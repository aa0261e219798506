package org.s2d.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.s2d.data.augment.AugmentOp;
import org.s2d.data.image.Image;
import org.s2d.data.image.Resample;
import org.s2d.data.image.Resample.Filter;
import org.s2d.data.image.Warp.Interpolation;

/** Pictures down to one pixel, whose rows are no multiple of a vector, against checksums that tools/export_small_pictures.py made with Pillow. */
class SmallPicturesTest {
    private static Image picture(int width, int height) {
        Image image = Image.blank(width, height);
        for (int y = 0, at = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < 3; c++) {
                    image.rgb()[at++] = (byte) (x * 37 + y * 91 + c * 53 + x * y * (7 + c));
                }
            }
        }
        return image;
    }

    /** In every way there is. */
    private static List<Image> changed(Image image, String name, JsonNode argument) {
        if (argument.isNumber()) {
            return List.of(AugmentOp.parse(name).apply(image, argument.doubleValue(), Interpolation.BICUBIC));
        }
        int width = argument.get(0).intValue();
        int height = argument.get(1).intValue();
        Filter filter = Filter.valueOf(name);
        return List.of(
                Resample.resize(image, width, height, filter), Resample.resizeOneOfMany(image, width, height, filter));
    }

    @Test
    void everyChangeOfSmallPicturesIsBitEqualToPillow() throws IOException {
        JsonNode rows;
        try (InputStream in = SmallPicturesTest.class.getResourceAsStream("small_pictures.json")) {
            rows = new ObjectMapper().readTree(in);
        }
        List<JsonNode> different = new ArrayList<>();
        for (JsonNode row : rows) {
            Image image = picture(row.get(0).intValue(), row.get(1).intValue());
            for (Image changed : changed(image, row.get(2).textValue(), row.get(3))) {
                CRC32 sum = new CRC32();
                sum.update(changed.rgb());
                if (sum.getValue() != row.get(4).longValue()) {
                    different.add(row);
                }
            }
        }
        assertThat(rows).hasSizeGreaterThan(500);
        assertThat(different).isEmpty();
    }
}

package org.s2d.data.augment;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.s2d.data.ReferenceCase;
import org.s2d.data.image.Image;
import org.s2d.data.image.Warp.Interpolation;

class AugmentOpTest {
    private static final String FILE = "randaug.safetensors";

    private static void assertSame(String name, Image actual, Image expected) {
        int different = 0;
        for (int i = 0; i < expected.rgb().length; i++) {
            different += actual.rgb()[i] == expected.rgb()[i] ? 0 : 1;
        }
        assertThat(different).as("samples that differ after %s", name).isZero();
    }

    @Test
    void everyOperationIsBitEqualToPil() throws IOException {
        ReferenceCase reference = ReferenceCase.require("preprocess");
        Image input = reference.tensor(FILE, "input").image();
        for (JsonNode row : reference.values().get("randaug_ops")) {
            AugmentOp op = AugmentOp.parse(row.get("op").textValue());
            String how = row.get("resample").asText("bicubic").toUpperCase(Locale.ROOT);
            Interpolation interpolation = how.equals("BILINEAR") ? Interpolation.BILINEAR : Interpolation.BICUBIC;
            double argument = row.get("level_args").isEmpty()
                    ? 0
                    : row.get("level_args").get(0).doubleValue();
            String key = row.get("key").textValue();
            assertSame(
                    key,
                    op.apply(input, argument, interpolation),
                    reference.tensor(FILE, key).image());
        }
    }

    @Test
    void magnitudesBecomeTheReleasesArguments() throws IOException {
        for (JsonNode row : ReferenceCase.require("preprocess").values().get("randaug_ops")) {
            AugmentOp op = AugmentOp.parse(row.get("op").textValue());
            double magnitude = row.get("magnitude").doubleValue();
            boolean negative = row.get("sign").intValue() < 0;
            assertThat(op.isPlain()).isEqualTo(row.get("level_args").isEmpty());
            if (!op.isPlain()) {
                assertThat(op.argument(magnitude, negative, 64))
                        .as(row.get("key").textValue())
                        .isEqualTo(row.get("level_args").get(0).doubleValue());
            }
        }
    }

    @Test
    void extremeArgumentsAreBitEqualToPil() {
        ReferenceCase reference = ReferenceCase.require("preprocess");
        Image input = reference.tensor(FILE, "input").image();
        Object[][] rows = {
            {"direct_rotate_15", AugmentOp.ROTATE, 15.0},
            {"direct_rotate_90", AugmentOp.ROTATE, 90.0},
            {"direct_solarize_128", AugmentOp.SOLARIZE, 128.0},
            {"direct_solarize_0", AugmentOp.SOLARIZE, 0.0},
            {"direct_posterize_1", AugmentOp.POSTERIZE, 1.0},
            {"direct_posterize_0", AugmentOp.POSTERIZE, 0.0},
            {"direct_color_0", AugmentOp.COLOR, 0.0},
            {"direct_sharpness_0", AugmentOp.SHARPNESS, 0.0},
            {"direct_sharpness_2", AugmentOp.SHARPNESS, 2.0},
            {"direct_contrast_0", AugmentOp.CONTRAST, 0.0},
            {"direct_brightness_1.9", AugmentOp.BRIGHTNESS, 1.9},
            {"direct_translate_x_rel_0.25", AugmentOp.TRANSLATE_X_REL, 0.25},
            {"direct_shear_y_-0.3", AugmentOp.SHEAR_Y, -0.3}
        };
        for (Object[] row : rows) {
            String name = (String) row[0];
            Image actual = ((AugmentOp) row[1]).apply(input, (double) row[2], Interpolation.BICUBIC);
            assertSame(name, actual, reference.tensor(FILE, name).image());
        }
        Image flat = reference.tensor(FILE, "input_lowcontrast").image();
        for (AugmentOp op : new AugmentOp[] {AugmentOp.AUTO_CONTRAST, AugmentOp.EQUALIZE}) {
            Image expected = reference.tensor(FILE, "lowcontrast_" + op.label()).image();
            assertSame(op.label(), op.apply(flat, 0, Interpolation.BICUBIC), expected);
        }
    }

    @Test
    void fullTurnsChangeNothing() {
        Image image = new Image(2, 1, new byte[] {1, 2, 3, 4, 5, 6});
        assertThat(AugmentOp.ROTATE.apply(image, 360, Interpolation.BILINEAR).rgb())
                .containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(AugmentOp.ROTATE.apply(image, -180, Interpolation.BILINEAR).rgb())
                .containsExactly(4, 5, 6, 1, 2, 3);
    }
}

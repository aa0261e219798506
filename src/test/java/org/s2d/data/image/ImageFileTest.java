package org.s2d.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.s2d.data.ReferenceCase;
import org.s2d.tensor.UserException;

class ImageFileTest {
    @TempDir
    private Path folder;

    /** A colour gradient with a grey ramp in its last row. */
    private static BufferedImage picture(int type) {
        BufferedImage picture = new BufferedImage(16, 9, type);
        WritableRaster raster = picture.getRaster();
        for (int y = 0; y < 9; y++) {
            for (int x = 0; x < 16; x++) {
                for (int band = 0; band < raster.getNumBands(); band++) {
                    raster.setSample(x, y, band, y == 8 ? x * 17 : (x * 11 + y * 23 * (band + 1)) & 0xff);
                }
            }
        }
        return picture;
    }

    private static byte[] encode(BufferedImage picture, String format) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThat(ImageIO.write(picture, format, out)).isTrue();
        return out.toByteArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"jpeg444", "jpeg_gray", "jpeg_progressive"})
    void decodesJpegSampleForSampleLikePil(String name) {
        Path folder = ReferenceCase.require("preprocess").folder();
        byte[] expected = ImageFile.read(folder.resolve(name + "_decoded.png")).rgb();
        assertThat(ImageFile.read(folder.resolve(name + ".jpg")).rgb()).isEqualTo(expected);
        assertThat(ImageFile.readOneOfMany(folder.resolve(name + ".jpg")).rgb()).isEqualTo(expected);
    }

    @Test
    void decodesSubsampledJpegSampleForSampleLikePil() {
        ReferenceCase reference = ReferenceCase.require("preprocess");
        for (int i = 0; i < 16; i++) {
            Path jpeg = reference.folder().resolve("frames/clip0/%05d.jpg".formatted(i));
            Image png = ImageFile.read(reference.folder().resolve("frames_png/clip0/%05d.png".formatted(i)));
            assertThat(ImageFile.read(jpeg).rgb()).isEqualTo(png.rgb());
            assertThat(ImageFile.readOneOfMany(jpeg).rgb()).isEqualTo(png.rgb());
        }
        Image expected = reference.tensor("pil.safetensors", "src").image();
        assertThat(ImageFile.read(reference.folder().resolve("frames_png/clip0/00000.png"))
                        .rgb())
                .isEqualTo(expected.rgb());
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp"})
    void decodesLosslessColour(String format) throws IOException {
        BufferedImage picture = picture(BufferedImage.TYPE_3BYTE_BGR);
        Image image = ImageFile.decode(encode(picture, format), "picture");
        for (int y = 0; y < 9; y++) {
            for (int x = 0; x < 16; x++) {
                for (int c = 0; c < 3; c++) {
                    assertThat(image.at(x, y, c)).isEqualTo(picture.getRaster().getSample(x, y, c));
                }
            }
        }
    }

    @Test
    void greyValuesAreNotBent() throws IOException {
        for (int type : new int[] {BufferedImage.TYPE_BYTE_GRAY, BufferedImage.TYPE_USHORT_GRAY}) {
            BufferedImage picture = picture(type);
            int shift = type == BufferedImage.TYPE_USHORT_GRAY ? 8 : 0;
            for (int x = 0; x < 16; x++) {
                picture.getRaster().setSample(x, 8, 0, (x * 17) << shift);
            }
            Image image = ImageFile.decode(encode(picture, "png"), "picture");
            for (int x = 0; x < 16; x++) {
                assertThat(new int[] {image.at(x, 8, 0), image.at(x, 8, 1), image.at(x, 8, 2)})
                        .containsOnly(x * 17);
            }
        }
    }

    @Test
    void transparencyIsDroppedAndPalettesAreLookedUp() throws IOException {
        BufferedImage clear = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB);
        clear.setRGB(0, 0, 0x40102030);
        assertThat(ImageFile.decode(encode(clear, "png"), "clear").rgb()).containsExactly(0x10, 0x20, 0x30);
        BufferedImage palette = new BufferedImage(1, 1, BufferedImage.TYPE_BYTE_INDEXED);
        palette.setRGB(0, 0, 0xff336699);
        assertThat(ImageFile.decode(encode(palette, "png"), "palette").rgb()).containsExactly(0x33, 0x66, (byte) 0x99);
    }

    @ParameterizedTest
    @ValueSource(strings = {"jpg", "png", "bmp"})
    void truncatedFilesAreRefusedByName(String format) throws IOException {
        byte[] whole = encode(picture(BufferedImage.TYPE_3BYTE_BGR), format);
        for (int length = 1; length < whole.length * 9 / 10; length += 7) {
            byte[] part = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> ImageFile.decode(part, "frames/7." + format))
                    .as("%s bytes of %s", part.length, whole.length)
                    .isInstanceOf(UserException.class)
                    .hasMessageStartingWith("frames/7." + format + ": ")
                    .message()
                    .doesNotContain("\n");
        }
    }

    @Test
    void emptyForeignAndMissingFilesAreRefusedByName() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty.jpg"));
        assertThatThrownBy(() -> ImageFile.read(empty))
                .isInstanceOf(UserException.class)
                .hasMessage(empty + ": file is empty, expected an image. Copy it again.");
        Path text = Files.writeString(folder.resolve("text.jpg"), "404 not found");
        assertThatThrownBy(() -> ImageFile.read(text))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(text + ": not a JPEG, PNG or BMP image");
        assertThatThrownBy(() -> ImageFile.read(folder.resolve("none.png")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("none.png: no such image file");
    }

    @Test
    void hugeHeadersAreRefusedBeforeMemoryIsTaken() throws IOException {
        byte[] png = encode(picture(BufferedImage.TYPE_3BYTE_BGR), "png");
        // Width and height follow the signature and the IHDR tag; the checksum is made to fit.
        System.arraycopy(new byte[] {0, 1, 0, 0, 0, 1, 0, 0}, 0, png, 16, 8);
        CRC32 crc = new CRC32();
        crc.update(png, 12, 17);
        for (int i = 0; i < 4; i++) {
            png[29 + i] = (byte) (crc.getValue() >> (24 - 8 * i));
        }
        assertThatThrownBy(() -> ImageFile.decode(png, "huge.png"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("huge.png: header says 65536 x 65536 pixels");
    }

    @Test
    void damagedBytesNeverEscapeAsAnotherError() throws IOException {
        for (String format : new String[] {"jpg", "png", "bmp"}) {
            byte[] whole = encode(picture(BufferedImage.TYPE_3BYTE_BGR), format);
            for (int at = 2; at < whole.length; at += 3) {
                byte[] damaged = whole.clone();
                damaged[at] ^= (byte) 0xa5;
                try {
                    assertThat(ImageFile.decode(damaged, "damaged").width()).isPositive();
                } catch (UserException e) {
                    assertThat(e).hasMessageStartingWith("damaged: ");
                }
            }
        }
    }

    @Test
    void openCvTakesWholeJpegsAndLeavesOthersToTheDecoderThatExplains() throws IOException {
        byte[] whole = encode(picture(BufferedImage.TYPE_3BYTE_BGR), "jpg");
        assertThat(TurboJpeg.decode(whole).orElseThrow().rgb())
                .isEqualTo(ImageFile.decode(whole, "whole").rgb());
        assertThat(TurboJpeg.decode(Arrays.copyOf(whole, whole.length - 3))).isEmpty();
        assertThat(TurboJpeg.decode(encode(picture(BufferedImage.TYPE_3BYTE_BGR), "png")))
                .isEmpty();
        for (int at = 2; at < whole.length; at += 3) {
            byte[] damaged = whole.clone();
            damaged[at] ^= (byte) 0xa5;
            assertThat(TurboJpeg.decode(damaged).map(Image::width).orElse(1)).isPositive();
        }
    }

    @Test
    void colourProfilesAreIgnored() throws IOException {
        byte[] profile = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
        byte[] jpeg = encode(picture(BufferedImage.TYPE_3BYTE_BGR), "jpg");
        ByteBuffer segment = ByteBuffer.allocate(18 + profile.length)
                .putShort((short) 0xffe2)
                .putShort((short) (16 + profile.length))
                .put("ICC_PROFILE\0\1\1".getBytes(StandardCharsets.ISO_8859_1))
                .put(profile);
        int afterJfif = 4 + (jpeg[5] & 0xff);
        assertThat(ImageFile.decode(insert(jpeg, afterJfif, segment.array()), "jpeg")
                        .rgb())
                .isEqualTo(ImageFile.decode(jpeg, "jpeg").rgb());
        byte[] png = encode(picture(BufferedImage.TYPE_3BYTE_BGR), "png");
        byte[] header = "iCCPp\0\0".getBytes(StandardCharsets.ISO_8859_1);
        ByteArrayOutputStream chunk = new ByteArrayOutputStream();
        chunk.write(header);
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(chunk)) {
            deflater.write(profile);
        }
        CRC32 crc = new CRC32();
        crc.update(chunk.toByteArray());
        ByteBuffer whole = ByteBuffer.allocate(chunk.size() + 8)
                .putInt(chunk.size() - 4)
                .put(chunk.toByteArray())
                .putInt((int) crc.getValue());
        assertThat(ImageFile.decode(insert(png, 33, whole.array()), "png").rgb())
                .isEqualTo(ImageFile.decode(png, "png").rgb());
    }

    private static byte[] insert(byte[] into, int at, byte[] part) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(into, 0, at);
        out.writeBytes(part);
        out.write(into, at, into.length - at);
        return out.toByteArray();
    }

    @Test
    void namesTellImagesFromOtherFiles() {
        assertThat(ImageFile.hasImageName(Path.of("a/001.JPG"))).isTrue();
        assertThat(ImageFile.hasImageName(Path.of("a/.001.jpg"))).isFalse();
        assertThat(ImageFile.hasImageName(Path.of("a/clip.mp4"))).isFalse();
    }
}

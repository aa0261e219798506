package org.s2d.data.image;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.s2d.tensor.UserException;

/**
 * Decodes JPEG, PNG and BMP files to 8-bit RGB, sample for sample as PIL's {@code convert("RGB")} does: transparency is
 * dropped, colour profiles and EXIF orientation are ignored. The format is told by the content, not by the name.
 */
public final class ImageFile {
    /** Larger images are refused after their header was read: no photograph, and 300 MB of memory each. */
    public static final long MAX_PIXELS = 100_000_000;

    private static final long MAX_BYTES = 1L << 29;
    private static final int APP2 = 0xe2;
    private static final int START_OF_SCAN = 0xda;

    private ImageFile() {}

    /** True for names that end like an image we read. */
    public static boolean hasImageName(Path path) {
        String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
        return !name.startsWith(".")
                && (name.endsWith(".jpg") || name.endsWith(".jpeg") || name.endsWith(".png") || name.endsWith(".bmp"));
    }

    /** Decodes a file; a missing, empty, damaged or foreign one is a {@link UserException} that names it. */
    public static Image read(Path path) {
        return decode(bytes(path), path.toString());
    }

    /** The same for those who read many files: loads OpenCV once, where it is there, and then takes a third of the time for a JPEG. */
    public static Image readOneOfMany(Path path) {
        byte[] bytes = bytes(path);
        return TurboJpeg.decode(bytes).orElseGet(() -> decode(bytes, path.toString()));
    }

    private static byte[] bytes(Path path) {
        try {
            long bytes = Files.size(path);
            if (bytes > MAX_BYTES) {
                throw new UserException(path + ": file of " + bytes + " bytes is too large for an image.");
            }
            return Files.readAllBytes(path);
        } catch (NoSuchFileException e) {
            throw new UserException(path + ": no such image file. Check the media folder and the annotation list.", e);
        } catch (IOException e) {
            throw new UserException(path + ": cannot be read (" + e.getMessage() + ").", e);
        }
    }

    /** Decodes the bytes of a file; {@code name} is what errors call it. */
    public static Image decode(byte[] bytes, String name) {
        if (bytes.length == 0) {
            throw new UserException(name + ": file is empty, expected an image. Copy it again.");
        }
        String format = formatOf(bytes, name);
        byte[] data = format.equals("jpeg") ? withoutProfile(bytes) : bytes;
        ImageReader reader = ImageIO.getImageReadersByFormatName(format).next();
        AtomicBoolean truncated = new AtomicBoolean();
        try (ImageInputStream input = new MemoryCacheImageInputStream(new ByteArrayInputStream(data))) {
            // libjpeg fills what is missing with grey and only warns.
            reader.addIIOReadWarningListener((source, warning) -> {
                if (warning.contains("premature end")) {
                    truncated.set(true);
                }
            });
            reader.setInput(input, true, true);
            requireSize(reader.getWidth(0), reader.getHeight(0), name);
            BufferedImage picture = reader.read(0);
            if (picture.getColorModel().getColorSpace().getType() == ColorSpace.TYPE_CMYK) {
                throw new UserException(name + ": image is CMYK, expected RGB or grey. Convert it.");
            }
            if (truncated.get()) {
                throw new UserException(name + ": image data ends too early. Copy the file again.");
            }
            return toRgb(picture);
        } catch (IIOException e) {
            throw damaged(name, e);
        } catch (IOException e) {
            throw new UserException(name + ": image data ends too early. Copy the file again.", e);
        } catch (UserException e) {
            throw e;
        } catch (RuntimeException e) { // ImageIO lets many kinds out for hostile files
            throw damaged(name, e);
        } finally {
            reader.dispose();
        }
    }

    private static UserException damaged(String name, Exception cause) {
        String reason = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        return new UserException(
                name + ": image cannot be decoded (" + reason.replace('\n', ' ')
                        + "), expected a whole RGB or grey JPEG, PNG or BMP. Copy or convert the file again.",
                cause);
    }

    private static void requireSize(int width, int height, String name) {
        if (width <= 0 || height <= 0 || (long) width * height > MAX_PIXELS) {
            throw new UserException(name + ": header says " + width + " x " + height + " pixels, at most " + MAX_PIXELS
                    + " are read. Is the file damaged?");
        }
    }

    private static String formatOf(byte[] bytes, String name) {
        if (startsWith(bytes, 0xff, 0xd8, 0xff)) {
            return "jpeg";
        }
        if (startsWith(bytes, 0x89, 'P', 'N', 'G')) {
            return "png";
        }
        if (startsWith(bytes, 'B', 'M')) {
            return "bmp";
        }
        throw new UserException(name + ": not a JPEG, PNG or BMP image. Convert it, or take it out of the list.");
    }

    private static boolean startsWith(byte[] bytes, int... magic) {
        for (int i = 0; i < magic.length; i++) {
            if (i >= bytes.length || (bytes[i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    /** A JPEG less its ICC profile (APP2 segments), which ImageIO would apply and PIL does not. */
    private static byte[] withoutProfile(byte[] bytes) {
        ByteArrayOutputStream kept = new ByteArrayOutputStream(bytes.length);
        kept.write(bytes, 0, 2);
        int at = 2;
        while (at + 4 <= bytes.length && (bytes[at] & 0xff) == 0xff && (bytes[at + 1] & 0xff) != START_OF_SCAN) {
            int length = 2 + ((bytes[at + 2] & 0xff) << 8 | (bytes[at + 3] & 0xff));
            if (length < 4 || at + length > bytes.length) {
                break;
            }
            if ((bytes[at + 1] & 0xff) != APP2) {
                kept.write(bytes, at, length);
            }
            at += length;
        }
        kept.write(bytes, at, bytes.length - at);
        return kept.toByteArray();
    }

    /** Reads the raster itself: BufferedImage.getRGB would bend grey values through a linear colour space. */
    private static Image toRgb(BufferedImage picture) {
        Raster raster = picture.getRaster();
        int width = raster.getWidth();
        Image out = Image.blank(width, raster.getHeight());
        IndexColorModel palette = picture.getColorModel() instanceof IndexColorModel model ? model : null;
        int bands = raster.getNumBands();
        int shift = raster.getDataBuffer().getDataType() == DataBuffer.TYPE_USHORT && palette == null
                ? Math.max(0, raster.getSampleModel().getSampleSize(0) - 8)
                : 0;
        int[] row = new int[width * bands];
        byte[] rgb = out.rgb();
        for (int y = 0, at = 0; y < out.height(); y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
            for (int x = 0; x < width; x++, at += 3) {
                if (palette != null) {
                    int colour = palette.getRGB(row[x]);
                    rgb[at] = (byte) (colour >> 16);
                    rgb[at + 1] = (byte) (colour >> 8);
                    rgb[at + 2] = (byte) colour;
                } else {
                    for (int c = 0; c < 3; c++) {
                        rgb[at + c] = (byte) (row[x * bands + (bands >= 3 ? c : 0)] >> shift);
                    }
                }
            }
        }
        return out;
    }
}

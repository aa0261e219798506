package org.s2d.data.image;

import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;

/**
 * An 8-bit RGB image, row-major and interleaved: sample {@code c} of pixel (x, y) is {@code rgb[(y * width + x) * 3 + c]}.
 * Operations never change an image they are given.
 */
@SuppressWarnings("ArrayRecordComponent") // pixels are never copied, and never compared
public record Image(int width, int height, byte[] rgb) {
    public Image {
        if (width <= 0 || height <= 0 || rgb.length != Math.multiplyExact(3, Math.multiplyExact(width, height))) {
            throw new IllegalArgumentException(
                    "image of " + width + " x " + height + " pixels does not have " + rgb.length + " samples");
        }
    }

    /** A black image. */
    public static Image blank(int width, int height) {
        return new Image(width, height, new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))]);
    }

    /** A picture of Java's, colours as they are and transparency ignored. */
    public static Image of(BufferedImage picture) {
        Image image = blank(picture.getWidth(), picture.getHeight());
        if (picture.getType() == BufferedImage.TYPE_INT_RGB
                && picture.getRaster().getParent() == null) {
            int[] pixels = ((DataBufferInt) picture.getRaster().getDataBuffer()).getData();
            for (int i = 0; i < pixels.length; i++) { // much faster than row by row through the colour model
                image.rgb[3 * i] = (byte) (pixels[i] >> 16);
                image.rgb[3 * i + 1] = (byte) (pixels[i] >> 8);
                image.rgb[3 * i + 2] = (byte) pixels[i];
            }
            return image;
        }
        int[] row = new int[image.width];
        for (int y = 0, at = 0; y < image.height; y++) {
            picture.getRGB(0, y, image.width, 1, row, 0, image.width);
            for (int pixel : row) {
                image.rgb[at++] = (byte) (pixel >> 16);
                image.rgb[at++] = (byte) (pixel >> 8);
                image.rgb[at++] = (byte) pixel;
            }
        }
        return image;
    }

    /** As a picture of Java's, to draw on. */
    public BufferedImage toBufferedImage() {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        int[] pixels = ((DataBufferInt) picture.getRaster().getDataBuffer()).getData();
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (rgb[3 * i] & 0xff) << 16 | (rgb[3 * i + 1] & 0xff) << 8 | (rgb[3 * i + 2] & 0xff);
        }
        return picture;
    }

    /** A sample as 0 to 255. */
    public int at(int x, int y, int channel) {
        return rgb[(y * width + x) * 3 + channel] & 0xff;
    }

    /** The part with its upper left corner at (left, top). */
    public Image crop(int left, int top, int cropWidth, int cropHeight) {
        if (left < 0 || top < 0 || left > width - cropWidth || top > height - cropHeight) {
            throw new IllegalArgumentException("crop of " + cropWidth + " x " + cropHeight + " at (" + left + ", " + top
                    + ") leaves an image of " + width + " x " + height);
        }
        Image out = blank(cropWidth, cropHeight);
        for (int y = 0; y < cropHeight; y++) {
            System.arraycopy(rgb, ((top + y) * width + left) * 3, out.rgb, y * cropWidth * 3, cropWidth * 3);
        }
        return out;
    }

    /** The centre part, offsets rounded half to even as Python's {@code round} does. */
    public Image centreCrop(int cropWidth, int cropHeight) {
        int left = (int) Math.rint((width - cropWidth) / 2.0);
        int top = (int) Math.rint((height - cropHeight) / 2.0);
        return crop(left, top, cropWidth, cropHeight);
    }

    /** Luma in all three channels: ITU-R 601 weights in 16-bit fixed point, as PIL's {@code convert("L")}. */
    public Image grey() {
        Image out = blank(width, height);
        for (int i = 0; i < rgb.length; i += 3) {
            byte luma = (byte) luma(rgb, i);
            out.rgb[i] = luma;
            out.rgb[i + 1] = luma;
            out.rgb[i + 2] = luma;
        }
        return out;
    }

    /** Luma, 0 to 255, of the pixel whose red sample is at {@code index}. */
    static int luma(byte[] rgb, int index) {
        int red = rgb[index] & 0xff;
        int green = rgb[index + 1] & 0xff;
        int blue = rgb[index + 2] & 0xff;
        return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
    }
}

package org.s2d.report.page;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.List;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;

/** Photographs inside a page: frames side by side as one JPEG in a {@code data:} address. */
final class Pictures {
    private static final int SIDE = 112;
    private static final int GAP = 3;
    private static final float QUALITY = 0.85f;

    private Pictures() {}

    /** An img element with the frames from left to right. */
    static String strip(List<BufferedImage> frames, String alternative) {
        int width = frames.size() * (SIDE + GAP) - GAP;
        BufferedImage strip = new BufferedImage(width, SIDE, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = strip.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, width, SIDE);
        for (int i = 0; i < frames.size(); i++) {
            graphics.drawImage(frames.get(i), i * (SIDE + GAP), 0, SIDE, SIDE, null);
        }
        graphics.dispose();
        return new Markup()
                .single(
                        "img",
                        "src",
                        "data:image/jpeg;base64," + Base64.getEncoder().encodeToString(jpeg(strip)),
                        "width",
                        "" + width,
                        "height",
                        "" + SIDE,
                        "alt",
                        alternative)
                .toString();
    }

    private static byte[] jpeg(BufferedImage picture) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
            ImageWriteParam how = writer.getDefaultWriteParam();
            how.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            how.setCompressionQuality(QUALITY);
            writer.setOutput(out);
            writer.write(null, new IIOImage(picture, null, null), how);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }
}

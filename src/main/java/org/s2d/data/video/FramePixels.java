package org.s2d.data.video;

import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BILINEAR;
import static org.bytedeco.ffmpeg.global.swscale.sws_alloc_context;
import static org.bytedeco.ffmpeg.global.swscale.sws_free_context;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale_frame;

import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;

/** Decoded frames as upright RGB pixels of one size, whatever size and format each of them has. */
final class FramePixels implements AutoCloseable {
    private final SwsContext scaler = sws_alloc_context();
    private final AVFrame scaled = av_frame_alloc();
    private final int quarterTurns;

    /** Takes the size from the first frame; squeezed pixels are made square. */
    FramePixels(AVFrame first, int longSide, int quarterTurns) throws DecodingException {
        this.quarterTurns = quarterTurns;
        int num = first.sample_aspect_ratio().num();
        int den = first.sample_aspect_ratio().den();
        double width = num > 0 && den > 0 ? (double) first.width() * num / den : first.width();
        double shrink = Math.min(1, longSide / Math.max(width, first.height()));
        scaler.flags(SWS_BILINEAR);
        scaled.format(AV_PIX_FMT_RGB24);
        scaled.width((int) Math.max(1, Math.round(width * shrink)));
        scaled.height((int) Math.max(1, Math.round(first.height() * shrink)));
        FfmpegDecoder.require(av_frame_get_buffer(scaled, 0), "no memory for a frame");
    }

    int width() {
        return quarterTurns % 2 == 0 ? scaled.width() : scaled.height();
    }

    int height() {
        return quarterTurns % 2 == 0 ? scaled.height() : scaled.width();
    }

    /** width x height x 3 bytes. */
    byte[] of(AVFrame frame) throws DecodingException {
        FfmpegDecoder.require(sws_scale_frame(scaler, scaled, frame), "its pixel format cannot be converted");
        int row = 3 * scaled.width();
        byte[] rgb = new byte[row * scaled.height()];
        BytePointer data = new BytePointer(scaled.data(0));
        for (int y = 0; y < scaled.height(); y++) {
            data.position((long) y * scaled.linesize(0)).get(rgb, y * row, row);
        }
        return turned(rgb);
    }

    /** Turned clockwise. */
    private byte[] turned(byte[] rgb) {
        if (quarterTurns == 0) {
            return rgb;
        }
        byte[] out = new byte[rgb.length];
        int width = scaled.width();
        int height = scaled.height();
        for (int y = 0; y < height(); y++) {
            for (int x = 0; x < width(); x++) {
                int from = switch (quarterTurns) {
                    case 1 -> (height - 1 - x) * width + y;
                    case 2 -> (height - 1 - y) * width + width - 1 - x;
                    default -> x * width + width - 1 - y;
                };
                System.arraycopy(rgb, 3 * from, out, 3 * (y * width() + x), 3);
            }
        }
        return out;
    }

    @Override
    public void close() {
        av_frame_free(scaled);
        sws_free_context(scaler);
    }
}

package org.s2d.data.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_GLOBAL_HEADER;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_rescale_ts;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_encoder_by_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_from_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_packet;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_frame;
import static org.bytedeco.ffmpeg.global.avformat.AVFMT_GLOBALHEADER;
import static org.bytedeco.ffmpeg.global.avformat.AVIO_FLAG_WRITE;
import static org.bytedeco.ffmpeg.global.avformat.av_interleaved_write_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_write_trailer;
import static org.bytedeco.ffmpeg.global.avformat.avformat_alloc_output_context2;
import static org.bytedeco.ffmpeg.global.avformat.avformat_free_context;
import static org.bytedeco.ffmpeg.global.avformat.avformat_new_stream;
import static org.bytedeco.ffmpeg.global.avformat.avformat_write_header;
import static org.bytedeco.ffmpeg.global.avformat.avio_closep;
import static org.bytedeco.ffmpeg.global.avformat.avio_open;
import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_QUIET;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_make_writable;
import static org.bytedeco.ffmpeg.global.avutil.av_log_set_level;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BILINEAR;
import static org.bytedeco.ffmpeg.global.swscale.sws_alloc_context;
import static org.bytedeco.ffmpeg.global.swscale.sws_free_context;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale_frame;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.s2d.data.image.Image;
import org.s2d.tensor.UserException;

/**
 * Writes an MP4 file, H.264 where FFmpeg has an encoder for it, MPEG-4 otherwise. The file has its name only when it is complete; without
 * {@link #finish} nothing remains. Not for several threads.
 */
public final class VideoWriter implements AutoCloseable {
    /** Times are kept in milliseconds. */
    private static final int TICKS = 1000;
    /** Bits per pixel and frame: text and thin lines stay readable. */
    private static final double BITS = 0.2;

    private static final int RATE = 25;

    private final Path file;
    private final Path partial;
    private final AVFormatContext format = new AVFormatContext(null);
    private final AVPacket packet = av_packet_alloc();
    private final AVFrame rgb = av_frame_alloc();
    private final AVFrame yuv = av_frame_alloc();
    private final SwsContext converter = sws_alloc_context();
    private final AVIOContext output = new AVIOContext(null);
    private final AVCodecContext codec;
    private final AVStream stream;
    private boolean finished;
    private long lastTime = -1;

    /** Starts a file; an odd last row or column of the frames is left out. Throws {@link UserException} when it cannot be written. */
    public VideoWriter(Path file, int width, int height) {
        if (width < 2 || height < 2) {
            throw new IllegalArgumentException("video of " + width + " x " + height + " pixels");
        }
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new UserException(file + ": cannot be written (no such folder).");
        }
        this.file = file;
        partial = file.resolveSibling(file.getFileName() + ".part");
        av_log_set_level(AV_LOG_QUIET);
        require(avformat_alloc_output_context2(format, null, "mp4", partial.toString()));
        AVCodec encoder = encoder();
        codec = avcodec_alloc_context3(encoder);
        codec.width(width & ~1);
        codec.height(height & ~1);
        codec.pix_fmt(AV_PIX_FMT_YUV420P);
        codec.time_base(new AVRational().num(1).den(TICKS));
        // The encoder shares out its bits by this rate; the times of the frames say when they are shown.
        codec.framerate(new AVRational().num(RATE).den(1));
        codec.bit_rate(Math.max(400_000, Math.round(BITS * width * height * RATE)));
        codec.gop_size(RATE);
        codec.max_b_frames(0);
        if ((format.oformat().flags() & AVFMT_GLOBALHEADER) != 0) {
            codec.flags(codec.flags() | AV_CODEC_FLAG_GLOBAL_HEADER);
        }
        require(avcodec_open2(codec, encoder, (AVDictionary) null));
        stream = avformat_new_stream(format, encoder);
        stream.time_base(codec.time_base());
        require(avcodec_parameters_from_context(stream.codecpar(), codec));
        require(avio_open(output, "file:" + partial, AVIO_FLAG_WRITE));
        format.pb(output);
        require(avformat_write_header(format, (AVDictionary) null));
        converter.flags(SWS_BILINEAR);
        prepare(rgb, AV_PIX_FMT_RGB24);
        prepare(yuv, AV_PIX_FMT_YUV420P);
    }

    private static AVCodec encoder() {
        for (String name : new String[] {"libopenh264", "mpeg4"}) {
            AVCodec encoder = avcodec_find_encoder_by_name(name);
            if (encoder != null && !encoder.isNull()) {
                return encoder;
            }
        }
        throw new UserException("video: this FFmpeg has no encoder for MP4 files.");
    }

    private void prepare(AVFrame frame, int pixels) {
        frame.format(pixels);
        frame.width(codec.width());
        frame.height(codec.height());
        require(av_frame_get_buffer(frame, 0));
    }

    /** Appends a frame; times must grow. */
    public void write(double seconds, Image image) {
        if (image.width() < codec.width() || image.height() < codec.height()) {
            throw new IllegalArgumentException("frame of " + image.width() + " x " + image.height()
                    + " pixels in a video of " + codec.width() + " x " + codec.height());
        }
        require(av_frame_make_writable(rgb));
        BytePointer data = new BytePointer(rgb.data(0));
        for (int y = 0; y < codec.height(); y++) {
            data.position((long) y * rgb.linesize(0)).put(image.rgb(), 3 * y * image.width(), 3 * codec.width());
        }
        require(av_frame_make_writable(yuv));
        require(sws_scale_frame(converter, yuv, rgb));
        lastTime = Math.max(lastTime + 1, Math.round(seconds * TICKS));
        yuv.pts(lastTime);
        require(avcodec_send_frame(codec, yuv));
        drain();
    }

    private void drain() {
        while (avcodec_receive_packet(codec, packet) >= 0) {
            packet.duration(TICKS / RATE); // players leave out a last frame that lasts no time
            av_packet_rescale_ts(packet, codec.time_base(), stream.time_base());
            packet.stream_index(stream.index());
            require(av_interleaved_write_frame(format, packet));
            av_packet_unref(packet);
        }
    }

    /** Completes the file. */
    public void finish() {
        require(avcodec_send_frame(codec, null));
        drain();
        require(av_write_trailer(format));
        avio_closep(output);
        finished = true;
        try {
            Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UserException(file + ": cannot be written (" + e.getMessage() + ").", e);
        }
    }

    private void require(int status) {
        if (status < 0) {
            throw new UserException(file + ": cannot be written (" + FfmpegDecoder.text(status) + ").");
        }
    }

    @Override
    public void close() {
        sws_free_context(converter);
        av_frame_free(rgb);
        av_frame_free(yuv);
        av_packet_free(packet);
        avcodec_free_context(codec);
        if (!finished) {
            avio_closep(output);
        }
        avformat_free_context(format);
        try {
            Files.deleteIfExists(partial);
        } catch (IOException e) {
            throw new UserException(partial + ": cannot be removed (" + e.getMessage() + ").", e);
        }
    }
}

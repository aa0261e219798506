package org.s2d.data.video;

import static org.bytedeco.ffmpeg.global.avcodec.AV_PKT_DATA_DISPLAYMATRIX;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_side_data_get;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_to_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avformat.av_find_best_stream;
import static org.bytedeco.ffmpeg.global.avformat.av_guess_frame_rate;
import static org.bytedeco.ffmpeg.global.avformat.av_read_frame;
import static org.bytedeco.ffmpeg.global.avformat.avformat_close_input;
import static org.bytedeco.ffmpeg.global.avformat.avformat_find_stream_info;
import static org.bytedeco.ffmpeg.global.avformat.avformat_open_input;
import static org.bytedeco.ffmpeg.global.avutil.AVMEDIA_TYPE_VIDEO;
import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_QUIET;
import static org.bytedeco.ffmpeg.global.avutil.AV_NOPTS_VALUE;
import static org.bytedeco.ffmpeg.global.avutil.AV_TIME_BASE;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;
import static org.bytedeco.ffmpeg.global.avutil.av_display_rotation_get;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_log_set_level;
import static org.bytedeco.ffmpeg.global.avutil.av_strerror;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVInputFormat;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/** Decodes the best video stream of a file with FFmpeg's libraries. */
final class FfmpegDecoder implements AutoCloseable {
    /** Only containers with the pictures inside: play lists and scripts could name other files. */
    private static final String FORMATS =
            "mov,matroska,webm,avi,mpeg,mpegts,mpegvideo,flv,asf,ogg,gif,apng,h264,hevc,ivf,m4v,mjpeg,nut,dv,rm,webp_pipe";

    private final VideoOptions options;
    private final AVFormatContext format;
    private final AVStream stream;
    private final AVCodecContext codec;
    private final AVPacket packet = av_packet_alloc();
    private final AVFrame frame = av_frame_alloc();
    private final int quarterTurns;
    private @Nullable FramePixels pixels;
    private double due;
    private int damaged;

    FfmpegDecoder(String file, VideoOptions options) throws DecodingException {
        this.options = options;
        av_log_set_level(AV_LOG_QUIET);
        format = open(file);
        require(avformat_find_stream_info(format, (AVDictionary) null), "no stream can be read");
        int index = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, (AVCodec) null, 0);
        require(index, "no video in this file");
        stream = format.streams(index);
        AVCodec decoder = avcodec_find_decoder(stream.codecpar().codec_id());
        if (decoder == null || decoder.isNull()) {
            throw new DecodingException("no decoder for its codec");
        }
        codec = avcodec_alloc_context3(decoder);
        require(avcodec_parameters_to_context(codec, stream.codecpar()), "its codec cannot be set up");
        codec.thread_count(1); // frame threads would take the cores of whoever reads the frames
        require(avcodec_open2(codec, decoder, (AVDictionary) null), "its codec cannot be opened");
        quarterTurns = quarterTurns(stream);
    }

    private static AVFormatContext open(String file) throws DecodingException {
        AVFormatContext format = new AVFormatContext(null);
        AVDictionary limits = new AVDictionary(null);
        av_dict_set(limits, "protocol_whitelist", "file", 0);
        av_dict_set(limits, "format_whitelist", FORMATS, 0);
        // The prefix keeps names such as "concat:..." from being anything but names.
        int status = avformat_open_input(format, "file:" + file, (AVInputFormat) null, limits);
        av_dict_free(limits);
        require(status, "no video of a known format");
        return format;
    }

    private static int quarterTurns(AVStream stream) {
        AVPacketSideData data = av_packet_side_data_get(
                stream.codecpar().coded_side_data(), stream.codecpar().nb_coded_side_data(), AV_PKT_DATA_DISPLAYMATRIX);
        if (data == null || data.isNull() || data.size() < 9 * Integer.BYTES) {
            return 0;
        }
        double degrees = av_display_rotation_get(new IntPointer((Pointer) data.data()));
        return Double.isNaN(degrees) ? 0 : Math.floorMod(Math.round(-degrees / 90), 4);
    }

    /** Writes the whole video as {@link DecoderProtocol} says. */
    void writeTo(DataOutputStream out) throws IOException, DecodingException {
        while (av_read_frame(format, packet) >= 0) {
            if (packet.stream_index() == stream.index()) {
                if (avcodec_send_packet(codec, packet) < 0) {
                    damaged++;
                }
                drain(out);
            }
            av_packet_unref(packet);
        }
        avcodec_send_packet(codec, null);
        drain(out);
        if (pixels == null) {
            throw new DecodingException("not one of its frames can be decoded");
        }
        out.writeByte(DecoderProtocol.END);
        out.writeInt(damaged);
    }

    private void drain(DataOutputStream out) throws IOException, DecodingException {
        while (avcodec_receive_frame(codec, frame) >= 0) {
            double seconds = seconds();
            if (options.framesPerSecond() == 0 || seconds >= due) {
                if (options.framesPerSecond() > 0) {
                    // From the grid, not from this frame, so that the mean rate is the asked one.
                    due = Math.max(due, seconds - 1 / options.framesPerSecond()) + 1 / options.framesPerSecond();
                }
                write(out, seconds);
            }
        }
    }

    private double seconds() {
        long time = frame.best_effort_timestamp();
        if (time == AV_NOPTS_VALUE) {
            return due;
        }
        long start = stream.start_time() == AV_NOPTS_VALUE ? 0 : stream.start_time();
        return Math.max(0, (time - start) * seconds(stream.time_base()));
    }

    private static double seconds(AVRational value) {
        return value.den() == 0 ? 0 : (double) value.num() / value.den();
    }

    private void write(DataOutputStream out, double seconds) throws IOException, DecodingException {
        if (pixels == null) {
            pixels = new FramePixels(frame, options.longSide(), quarterTurns);
            out.writeByte(DecoderProtocol.INFO);
            out.writeInt(pixels.width());
            out.writeInt(pixels.height());
            out.writeDouble(seconds(av_guess_frame_rate(format, stream, frame)));
            out.writeDouble(format.duration() == AV_NOPTS_VALUE ? 0 : (double) format.duration() / AV_TIME_BASE);
        }
        byte[] rgb = pixels.of(frame);
        out.writeByte(DecoderProtocol.FRAME);
        out.writeDouble(seconds);
        out.write(rgb);
    }

    static void require(int status, String problem) throws DecodingException {
        if (status < 0) {
            throw new DecodingException(problem + " (" + text(status) + ")");
        }
    }

    /** FFmpeg's words for a status. */
    static String text(int status) {
        byte[] text = new byte[256];
        av_strerror(status, text, text.length);
        int length = 0;
        while (length < text.length && text[length] != 0) {
            length++;
        }
        return new String(text, 0, length, StandardCharsets.UTF_8);
    }

    /** What a failed constructor leaves goes with the process. */
    @Override
    public void close() {
        if (pixels != null) {
            pixels.close();
        }
        av_frame_free(frame);
        av_packet_free(packet);
        avcodec_free_context(codec);
        avformat_close_input(format);
    }
}

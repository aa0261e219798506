package org.s2d.data.video;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;

/**
 * The decoding process: {@code FILE FRAMES_PER_SECOND LONG_SIDE}. It is a process because decoders are large native libraries fed with files
 * from anywhere: what goes wrong in them must not take a training or a service along.
 */
final class DecoderMain {
    private static final int BUFFER = 1 << 20;

    private DecoderMain() {}

    public static void main(String[] arguments) throws IOException {
        VideoOptions options = new VideoOptions(Double.parseDouble(arguments[1]), Integer.parseInt(arguments[2]));
        try (DataOutputStream out =
                new DataOutputStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), BUFFER))) {
            try (FfmpegDecoder decoder = new FfmpegDecoder(arguments[0], options)) {
                decoder.writeTo(out);
            } catch (DecodingException e) {
                out.writeByte(DecoderProtocol.FAILED);
                out.writeUTF(String.valueOf(e.getMessage()));
            }
        }
    }
}

package org.s2d.data.video;

/**
 * What the decoding process writes to its standard output, big-endian: records that begin with one of these bytes.
 *
 * <ul>
 *   <li>INFO: width and height (int), frame rate and seconds (double);
 *   <li>FRAME: seconds (double), then width x height x 3 bytes, RGB;
 *   <li>END: how many damaged packets were passed over (int); nothing follows;
 *   <li>FAILED: the reason (UTF); nothing follows.
 * </ul>
 */
final class DecoderProtocol {
    static final byte INFO = 'I';
    static final byte FRAME = 'F';
    static final byte END = 'E';
    static final byte FAILED = 'X';

    private DecoderProtocol() {}
}

package org.s2d.data.video;

/** A file that is no video, or none that can be decoded; the message says why. */
final class DecodingException extends Exception {
    private static final long serialVersionUID = 1;

    DecodingException(String message) {
        super(message);
    }
}

package org.s2d.data.video;

import org.s2d.data.image.Image;

/**
 * A picture of a video.
 *
 * @param seconds when it is shown, from the start of the video
 */
public record VideoFrame(double seconds, Image image) {}

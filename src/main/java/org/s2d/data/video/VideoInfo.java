package org.s2d.data.video;

/**
 * What a video file says about itself.
 *
 * @param width of the frames as delivered, turned upright and scaled
 * @param height of the frames as delivered
 * @param frameRate frames per second in the file, 0 where unknown
 * @param seconds length, 0 where unknown
 */
public record VideoInfo(int width, int height, double frameRate, double seconds) {}

package org.s2d.check.kernels;

import org.s2d.check.Size;

/**
 * Sizes of the tensors inside the model.
 *
 * @param clips clips of a batch
 * @param frames frames T of a clip
 * @param side patches along a side of a frame, so that N = side * side
 * @param patch side of a patch in pixels
 * @param width D
 * @param heads of the encoder
 * @param adapter width of the adapters, whose heads are 8
 * @param prompt channels of the fovea
 * @param parameters that train
 * @param ceiling side of the square product that is the ceiling of arithmetic
 * @param copy floats of the copy that is the ceiling of memory
 */
record Sizes(
        int clips,
        int frames,
        int side,
        int patch,
        int width,
        int heads,
        int adapter,
        int prompt,
        int parameters,
        int ceiling,
        int copy) {
    static Sizes of(Size size) {
        return switch (size) {
            case BASE -> new Sizes(8, 16, 14, 16, 768, 12, 192, 8, 9_260_800, 8192, 1 << 28);
            case TINY -> new Sizes(2, 2, 2, 4, 32, 2, 16, 4, 600, 32, 1 << 12);
        };
    }

    /** The same with another batch. */
    Sizes withClips(int count) {
        return new Sizes(count, frames, side, patch, width, heads, adapter, prompt, parameters, ceiling, copy);
    }

    int images() {
        return clips * frames;
    }

    /** Patch tokens per frame. */
    int patches() {
        return side * side;
    }

    /** Tokens per frame with the class token. */
    int tokens() {
        return patches() + 1;
    }

    /** Tokens of the batch. */
    int rows() {
        return images() * tokens();
    }

    int hidden() {
        return 4 * width;
    }
}

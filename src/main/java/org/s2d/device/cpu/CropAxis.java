package org.s2d.device.cpu;

/**
 * For every output of a bilinear resize along one axis the two inputs beside it and the weight of the higher one. Positions are in single
 * precision as in PyTorch, whose weights differ from exact ones in bits that show.
 */
@SuppressWarnings("ArrayRecordComponent") // a bundle for the loops
record CropAxis(int[] low, int[] high, float[] weight) {
    static CropAxis of(int inSize, int outSize) {
        CropAxis axis = new CropAxis(new int[outSize], new int[outSize], new float[outSize]);
        float scale = (float) inSize / outSize;
        for (int i = 0; i < outSize; i++) {
            float position = Math.max(0f, scale * (i + 0.5f) - 0.5f);
            axis.low[i] = Math.min((int) position, inSize - 1);
            axis.high[i] = Math.min(axis.low[i] + 1, inSize - 1);
            axis.weight[i] = Math.clamp(position - axis.low[i], 0f, 1f);
        }
        return axis;
    }

    /** The same from right to left. */
    CropAxis mirrored() {
        int size = low.length;
        CropAxis axis = new CropAxis(new int[size], new int[size], new float[size]);
        for (int i = 0; i < size; i++) {
            axis.low[i] = low[size - 1 - i];
            axis.high[i] = high[size - 1 - i];
            axis.weight[i] = weight[size - 1 - i];
        }
        return axis;
    }
}

package org.s2d.device.cpu;

/** A growing buffer for each worker of a team, so that kernels allocate nothing once warm. */
final class WorkerScratch {
    private final float[][] buffers;

    WorkerScratch(Workers workers) {
        buffers = new float[workers.count()][0];
    }

    /** At least {@code size} floats of undefined content, for use by one worker inside one loop. */
    float[] floats(int worker, int size) {
        if (buffers[worker].length < size) {
            buffers[worker] = new float[size];
        }
        return buffers[worker];
    }
}

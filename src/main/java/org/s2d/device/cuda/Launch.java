package org.s2d.device.cuda;

/** The geometry of one launch: blocks, threads per block, and dynamic shared memory per block in bytes. */
public record Launch(int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int sharedBytes) {
    /** A row of blocks. */
    public static Launch of(long blocks, int threads) {
        return new Launch(Math.toIntExact(blocks), 1, 1, threads, 1, 1, 0);
    }

    public Launch grid(long x, long y, long z) {
        return new Launch(
                Math.toIntExact(x), Math.toIntExact(y), Math.toIntExact(z), blockX, blockY, blockZ, sharedBytes);
    }

    public Launch block(int x, int y, int z) {
        return new Launch(gridX, gridY, gridZ, x, y, z, sharedBytes);
    }

    public Launch shared(int bytes) {
        return new Launch(gridX, gridY, gridZ, blockX, blockY, blockZ, bytes);
    }

    public long threads() {
        return (long) blockX * blockY * blockZ;
    }
}

package org.s2d.device.cuda;

import org.s2d.device.DeviceException;

/**
 * What an entry point demands of its launches, checked before each. Blocks are whole warps.
 *
 * @param maxThreads most threads per block: what its {@code __launch_bounds__} says
 * @param maxSharedBytes most dynamic shared memory per block
 * @param alignment of every {@link Arguments#pointer pointer} argument, in bytes
 * @param reproducible false when it uses floating-point atomics, so that the order of its blocks may show in the last bits
 */
public record LaunchContract(int maxThreads, int maxSharedBytes, int alignment, boolean reproducible) {
    private static final int MAX_GRID_YZ = 65535;

    /** Without shared memory; pointers aligned to 16 bytes. */
    public static LaunchContract threads(int maxThreads) {
        return new LaunchContract(maxThreads, 0, 16, true);
    }

    public LaunchContract shared(int maxBytes) {
        return new LaunchContract(maxThreads, maxBytes, alignment, reproducible);
    }

    public LaunchContract aligned(int bytes) {
        return new LaunchContract(maxThreads, maxSharedBytes, bytes, reproducible);
    }

    /** Marks a kernel whose floating-point atomics make the last bits depend on the order of blocks. */
    public LaunchContract atomic() {
        return new LaunchContract(maxThreads, maxSharedBytes, alignment, false);
    }

    void check(String kernel, Launch launch, Arguments arguments, DeviceProperties device) {
        long threads = launch.threads();
        int most = Math.min(maxThreads, device.maxThreadsPerBlock());
        require(
                launch.blockX() > 0 && launch.blockY() > 0 && launch.blockZ() > 0 && launch.blockZ() <= 64,
                kernel,
                "block of " + block(launch));
        require(threads <= most, kernel, "block of " + block(launch) + " threads, at most " + most);
        require(threads % DeviceProperties.WARP == 0, kernel, "block of " + block(launch) + " is not whole warps");
        require(
                launch.gridX() > 0
                        && launch.gridY() > 0
                        && launch.gridZ() > 0
                        && launch.gridY() <= MAX_GRID_YZ
                        && launch.gridZ() <= MAX_GRID_YZ,
                kernel,
                "grid of " + launch.gridX() + "x" + launch.gridY() + "x" + launch.gridZ());
        int shared = Math.min(maxSharedBytes, device.sharedPerBlock());
        require(
                launch.sharedBytes() >= 0 && launch.sharedBytes() <= shared,
                kernel,
                launch.sharedBytes() + " bytes of shared memory, at most " + shared);
        int misaligned = arguments.misaligned(alignment);
        require(misaligned < 0, kernel, "argument " + misaligned + " is not aligned to " + alignment + " bytes");
    }

    private static String block(Launch launch) {
        return launch.blockX() + "x" + launch.blockY() + "x" + launch.blockZ();
    }

    private static void require(boolean condition, String kernel, String what) {
        if (!condition) {
            throw new DeviceException(kernel + ": launch breaks the contract: " + what);
        }
    }
}

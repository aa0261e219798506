package org.s2d.device.cuda;

/** What launches and plans need to know about a GPU; sizes in bytes. {@code sharedPerBlock}: dynamic, with opt-in. */
public record DeviceProperties(
        String name,
        int major,
        int minor,
        int multiprocessors,
        int maxThreadsPerBlock,
        int sharedPerBlock,
        long memory) {
    public static final int WARP = 32;
}

package org.s2d.data;

import java.util.Arrays;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.train.step.PlannedClips;

/** Clips as models take them, made by the CPU. */
public final class MadeClips {
    private MadeClips() {}

    /** [3, T, size, size]. */
    public static float[] of(FrameClip clip, int size) {
        try (HostPool pool = new HostPool();
                Scope host = new Scope(pool)) {
            return of(PlannedClips.of(clip, host, size, size));
        }
    }

    /** [B, 3, T, h, w]. */
    public static float[] of(PlannedClips clips) {
        HostPool pool = new HostPool(HostPool.Fill.POISON);
        try (CpuDevice device = new CpuDevice(pool, 2);
                Scope host = new Scope(pool)) {
            return clips.madeBy(device, host).toFloats();
        }
    }

    /** Some frames of a clip. */
    public static FrameClip frames(FrameClip clip, int... chosen) {
        return FrameClip.of(
                Arrays.stream(chosen).mapToObj(t -> clip.frames().get(t)).toList());
    }
}

package org.s2d.data.image;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Pixels as one int each, {@code 0xBBGGRR} in its low bytes; what its highest byte holds does not matter. */
final class Packed {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private Packed() {}

    /** Packs {@code count} pixels that begin at sample {@code at}. */
    static void pack(byte[] rgb, int at, int[] out, int to, int count) {
        int whole = Math.min(count, (rgb.length - at - 1) / 3); // whose four bytes are there
        for (int i = 0; i < whole; i++) {
            out[to + i] = (int) INT.get(rgb, at + 3 * i);
        }
        for (int i = whole; i < count; i++) {
            int from = at + 3 * i;
            out[to + i] = (rgb[from] & 0xff) | (rgb[from + 1] & 0xff) << 8 | (rgb[from + 2] & 0xff) << 16;
        }
    }

    /** Writes {@code count} pixels as samples from {@code at} on. */
    static void unpack(int[] pixels, int from, byte[] rgb, int at, int count) {
        for (int i = 0; i < count - 1; i++) {
            INT.set(rgb, at + 3 * i, pixels[from + i]); // the next one overwrites the fourth byte
        }
        if (count > 0) {
            int last = pixels[from + count - 1];
            int to = at + 3 * (count - 1);
            rgb[to] = (byte) last;
            rgb[to + 1] = (byte) (last >> 8);
            rgb[to + 2] = (byte) (last >> 16);
        }
    }
}

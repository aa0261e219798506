package org.s2d.device.cuda.lib;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import jcuda.nvrtc.JNvrtc;
import jcuda.nvrtc.nvrtcProgram;
import jcuda.nvrtc.nvrtcResult;
import org.s2d.device.DeviceException;

/** NVIDIA's compiler as a library: CUDA C++ to machine code or PTX, in this process. Needs no GPU and no host compiler. */
public final class Nvrtc {
    private static final int MAX_LOG_LINES = 30;

    private Nvrtc() {}

    /** Loads it; throws {@link DeviceException} that says what to install. */
    public static Nvrtc load(CudaLibraries libraries) {
        new JCudaNatives(libraries).loadNvrtc();
        return new Nvrtc();
    }

    /** Such as {@code 13.0}. */
    public String version() {
        int[] major = new int[1];
        int[] minor = new int[1];
        require("nvrtcVersion", JNvrtc.nvrtcVersion(major, minor));
        return major[0] + "." + minor[0];
    }

    /** The compute capabilities that it compiles for, 10 times major plus minor, in ascending order. */
    public int[] capabilities() {
        int[] count = new int[1];
        require("nvrtcGetNumSupportedArchs", JNvrtc.nvrtcGetNumSupportedArchs(count));
        int[] all = new int[count[0]];
        require("nvrtcGetSupportedArchs", JNvrtc.nvrtcGetSupportedArchs(all));
        Arrays.sort(all);
        return all;
    }

    /**
     * Compiles one text; machine code when the options name an architecture {@code sm_}, PTX with {@code compute_}. Throws {@link
     * DeviceException} with what the compiler says.
     *
     * @param file the name of the text in messages
     */
    public byte[] compile(String file, String text, String... options) {
        nvrtcProgram program = new nvrtcProgram();
        require("nvrtcCreateProgram", JNvrtc.nvrtcCreateProgram(program, text, file, 0, null, null));
        try {
            int status = JNvrtc.nvrtcCompileProgram(program, options.length, options);
            if (status == nvrtcResult.NVRTC_ERROR_COMPILATION) {
                throw new DeviceException("NVRTC " + version() + " cannot compile " + file + ":\n" + log(program));
            }
            require("nvrtcCompileProgram", status);
            boolean machineCode = Arrays.stream(options).anyMatch(option -> option.contains("=sm_"));
            return machineCode ? machineCode(program) : ptx(program);
        } finally {
            JNvrtc.nvrtcDestroyProgram(program);
        }
    }

    private static byte[] machineCode(nvrtcProgram program) {
        long[] size = new long[1];
        require("nvrtcGetCUBINSize", JNvrtc.nvrtcGetCUBINSize(program, size));
        byte[] code = new byte[Math.toIntExact(size[0])];
        require("nvrtcGetCUBIN", JNvrtc.nvrtcGetCUBIN(program, code));
        return code;
    }

    /** With the NUL at its end that the driver asks for. */
    private static byte[] ptx(nvrtcProgram program) {
        String[] text = new String[1];
        require("nvrtcGetPTX", JNvrtc.nvrtcGetPTX(program, text));
        return (text[0] + "\0").getBytes(StandardCharsets.UTF_8);
    }

    private static String log(nvrtcProgram program) {
        String[] log = new String[1];
        require("nvrtcGetProgramLog", JNvrtc.nvrtcGetProgramLog(program, log));
        return String.join("\n", log[0].lines().limit(MAX_LOG_LINES).toList());
    }

    private static void require(String function, int status) {
        if (status != nvrtcResult.NVRTC_SUCCESS) {
            throw new DeviceException("NVRTC: " + function + " failed: " + nvrtcResult.stringFor(status));
        }
    }
}

package org.s2d.device.cuda;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.s2d.device.DeviceException;

/** One run of a compiler of the machine. */
final class CompilerRun {
    private CompilerRun() {}

    /**
     * What it printed; throws {@link DeviceException} with the first lines of that when it fails, and with {@code missing} when
     * there is no such program.
     */
    static String run(List<String> command, String what, String missing) {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new DeviceException(missing, e);
        }
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new DeviceException(
                        what + " failed:\n" + output.lines().limit(30).reduce("", (all, line) -> all + line + "\n"));
            }
            return output;
        } catch (IOException e) {
            throw new DeviceException(what + " failed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new DeviceException(what + " was interrupted", e);
        }
    }
}

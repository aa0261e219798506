package org.s2d.device.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The oneDNN of this process.
 *
 * @param path the loaded file, as the kernel names it
 */
public record OneDnn(String version, String path) {
    /** Loads oneDNN, or throws {@link org.s2d.device.DeviceException} with the reason why that is not possible. */
    public static OneDnn load() {
        String version = OneDnnLibrary.load().version();
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            String path = maps.filter(line -> line.contains("/libdnnl.so"))
                    .map(line -> line.substring(line.indexOf('/')))
                    .findFirst()
                    .orElse("?");
            return new OneDnn(version, path);
        } catch (IOException e) {
            return new OneDnn(version, "?");
        }
    }
}

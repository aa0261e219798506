package org.s2d;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Local data that is too large or not ours to publish; tests that need it skip where it is absent. */
public final class SharedData {
    private SharedData() {}

    /** A path below the shared folder; the calling test is skipped when it does not exist. */
    public static Path require(String relative) {
        Path path = Path.of(System.getProperty("s2d.shared", "../shared")).resolve(relative);
        assumeTrue(Files.exists(path), () -> "no local data at " + relative);
        return path;
    }
}

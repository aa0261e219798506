package org.s2d.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.s2d.data.face.CascadeDetector;
import org.s2d.data.face.FaceDetector;
import org.s2d.data.face.NetworkDetector;
import org.s2d.data.face.SecondLook;
import picocli.CommandLine.Option;

/** How faces are found, for all commands that look for them. */
final class DetectorOptions {
    @Option(
            names = "--detector",
            paramLabel = "FILE.onnx",
            description =
                    "Network that finds faces, of the kind of version-RFB-320.onnx. Default: OpenCV's cascades, which"
                            + " need no file but see fewer faces that are turned or partly covered.")
    private @Nullable Path detector;

    FaceDetector open() {
        return new SecondLook(detector == null ? new CascadeDetector() : new NetworkDetector(detector));
    }
}

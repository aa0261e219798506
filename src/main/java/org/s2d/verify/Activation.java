package org.s2d.verify;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * Finds what a case calls an intermediate result among what the model showed. PyTorch keeps feature maps as [F, C, h, w] where
 * we keep tokens [F, N, C], and the cases store some activations for the first frames only ({@code .frame0},
 * {@code .frames0-1}).
 */
final class Activation {
    private static final Pattern FRAMES = Pattern.compile("(.*)\\.frames?0(?:-\\d+)?");

    private Activation() {}

    static @Nullable Tensor find(Map<String, Tensor> seen, String name, Shape expected) {
        String whole = withoutFrames(name);
        Tensor found = seen.get(whole);
        if (found == null) {
            return null;
        }
        if (!whole.equals(name)) {
            found = found.narrow(0, 0, Math.min(found.dim(0), expected.dim(0)));
        }
        if (expected.rank() == 4 && found.rank() == 3) {
            found = found.permute(0, 2, 1);
        }
        return found.numel() == expected.numel() ? found : null;
    }

    /** The name without the note that only the first frames are stored. */
    static String withoutFrames(String name) {
        Matcher frames = FRAMES.matcher(name);
        return frames.matches() ? frames.group(1) : name;
    }
}

package org.s2d.check.kernels;

import static org.s2d.check.kernels.Operand.Role.PREPARED;
import static org.s2d.check.kernels.Operand.Role.READ;
import static org.s2d.check.kernels.Operand.Role.WRITTEN;

import java.util.List;
import org.s2d.device.FoveaPrompter;
import org.s2d.device.Products.Activation;
import org.s2d.tensor.DType;

/** The landmark prompter and the adapter's convolution over time. */
final class PrompterCases {
    private static final int TAPS = 3;

    private PrompterCases() {}

    static List<KernelCase> of(Sizes s, DType type) {
        return List.of(
                convolution(s, type),
                convolutionBackward(s, type),
                fovea(s, type),
                foveaBackward(s, type),
                prompter(s, type),
                prompterBackward(s, type));
    }

    private static KernelCase convolution(Sizes s, DType type) {
        int[] adapter = {s.clips(), s.frames(), s.patches(), s.adapter()};
        return KernelCase.of("convolution over time of GELU, forward", type)
                .activation("x", READ, adapter)
                .activation("y", WRITTEN, adapter)
                .plain("weight", READ, s.adapter(), TAPS)
                .plain("bias", READ, s.adapter())
                .run((device, t) -> device.attention()
                        .temporalConv(t.get("y"), t.get("x"), t.get("weight"), t.get("bias"), Activation.GELU));
    }

    private static KernelCase convolutionBackward(Sizes s, DType type) {
        int[] adapter = {s.clips(), s.frames(), s.patches(), s.adapter()};
        return KernelCase.of("convolution over time of GELU, backward", type)
                .activation("x", READ, adapter)
                .activation("gradY", READ, adapter)
                .activation("gradX", WRITTEN, adapter)
                .plain("weight", READ, s.adapter(), TAPS)
                .plain("gradWeight", WRITTEN, s.adapter(), TAPS)
                .plain("gradBias", WRITTEN, s.adapter())
                .run((device, t) -> device.attention()
                        .temporalConvBackward(
                                t.get("gradX"),
                                t.get("gradWeight"),
                                t.get("gradBias"),
                                t.get("gradY"),
                                t.get("x"),
                                t.get("weight"),
                                Activation.GELU));
    }

    private static KernelCase fovea(Sizes s, DType type) {
        int[] maps = {s.images(), s.patches(), s.prompt()};
        return KernelCase.of("fovea, forward", type)
                .activation("x", READ, maps)
                .activation("y", WRITTEN, maps)
                .positive("smooth", READ, 1)
                .run((device, t) -> device.attention().fovea(t.get("y"), t.get("x"), t.get("smooth")));
    }

    private static KernelCase foveaBackward(Sizes s, DType type) {
        int[] maps = {s.images(), s.patches(), s.prompt()};
        return KernelCase.of("fovea, backward", type)
                .activation("x", READ, maps)
                .activation("gradY", READ, maps)
                .activation("gradX", WRITTEN, maps)
                .positive("smooth", READ, 1)
                .plain("gradSmooth", WRITTEN, 1)
                .run((device, t) -> device.attention()
                        .foveaBackward(
                                t.get("gradX"), t.get("gradSmooth"), t.get("gradY"), t.get("x"), t.get("smooth")));
    }

    private static KernelCase prompter(Sizes s, DType type) {
        return withWeights(streams(KernelCase.of("prompter, forward", type), s, WRITTEN), s, "", READ)
                .plain("out", WRITTEN, s.images(), s.patches(), s.width())
                .run((device, t) -> device.attention().foveaPrompt(t.get("out"), streams(t), weights(t, "")));
    }

    private static KernelCase prompterBackward(Sizes s, DType type) {
        int[] wide = {s.images(), s.patches(), s.width()};
        KernelCase operands = streams(KernelCase.of("prompter, backward", type), s, PREPARED)
                .plain("gradOut", READ, wide)
                .plain("gradImage", WRITTEN, wide)
                .plain("gradLandmark", WRITTEN, wide);
        return withWeights(withWeights(operands, s, "", READ), s, "grad.", WRITTEN)
                .prepare((device, t) -> device.attention().foveaPrompt(t.get("gradImage"), streams(t), weights(t, "")))
                .run((device, t) -> device.attention()
                        .foveaPromptBackward(
                                new FoveaPrompter.Gradients(
                                        t.get("gradImage"), t.get("gradLandmark"), weights(t, "grad.")),
                                t.get("gradOut"),
                                streams(t),
                                weights(t, "")));
    }

    private static KernelCase streams(KernelCase kernel, Sizes s, Operand.Role kept) {
        return kernel.activation("image", READ, s.images(), s.patches(), s.width())
                .activation("landmark", READ, s.images(), s.patches(), s.width())
                .plain("narrow", kept, s.images(), s.patches(), s.prompt())
                .plain("sum", kept, s.images(), s.patches(), s.prompt());
    }

    private static FoveaPrompter.Streams streams(Tensors t) {
        return new FoveaPrompter.Streams(t.get("image"), t.get("landmark"), t.get("narrow"), t.get("sum"));
    }

    private static KernelCase withWeights(KernelCase kernel, Sizes s, String prefix, Operand.Role role) {
        return kernel.plain(prefix + "focus", role, s.prompt(), s.width())
                .plain(prefix + "focusBias", role, s.prompt())
                .plain(prefix + "other", role, s.prompt(), s.width())
                .plain(prefix + "otherBias", role, s.prompt())
                .positive(prefix + "smooth", role, 1)
                .plain(prefix + "back", role, s.width(), s.prompt())
                .plain(prefix + "backBias", role, s.width());
    }

    private static FoveaPrompter weights(Tensors t, String prefix) {
        return new FoveaPrompter(
                t.get(prefix + "focus"),
                t.get(prefix + "focusBias"),
                t.get(prefix + "other"),
                t.get(prefix + "otherBias"),
                t.get(prefix + "smooth"),
                t.get(prefix + "back"),
                t.get(prefix + "backBias"));
    }
}

package org.s2d.bench;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.conv2d;
import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.layer_norm;
import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;
import static org.bytedeco.pytorch.global.torch.softmax;

import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.s2d.autograd.Precision;
import org.s2d.check.steps.Formula;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.tensor.Shape;

/**
 * S2D in libtorch, by the C++ interface's operators, step for step as tools/s2d_torch.py: fused attention, weights and activations in bf16 where
 * asked for. Parameters that train keep 32-bit values, which are converted in each step as autocast does.
 */
final class TorchModel implements AutoCloseable {
    private static final int ADAPTER_HEADS = 8;
    private static final double EPS = 1e-6;
    private static final double ADAPTER_EPS = 1e-5;

    private final S2dConfig config;
    private final ScalarType type;
    private final PointerScope owned = new PointerScope();
    private final Map<String, Tensor> weights = new HashMap<>();
    private final Tensor x;
    private final Tensor a;
    private final int clips;

    /**
     * @param shapes of the parameters by name
     * @param trains which of them get gradients; none for inference
     */
    TorchModel(S2dConfig config, Map<String, Shape> shapes, Iterable<String> trains, Precision precision, int clips) {
        this.config = config;
        this.clips = clips;
        type = precision == Precision.BF16 ? ScalarType.BFloat16 : ScalarType.Float;
        shapes.forEach((name, shape) -> weights.put(name, formula(name, shape)));
        trains.forEach(
                name -> weights.put(name, keep(weight(name).to(ScalarType.Float).requires_grad_(true))));
        x = keep(formula("x", BaseModel.CLIP)
                .unsqueeze(0)
                .expand(clips, -1, -1, -1, -1)
                .contiguous());
        Tensor maps = formula("a", BaseModel.MAPS).unsqueeze(0).expand(clips, -1, -1, -1, -1);
        a = keep(maps.reshape(clips * 16L, 128, 14, 14).contiguous());
    }

    private Tensor formula(String name, Shape shape) {
        long[] dims = new long[shape.rank()];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = shape.dim(i);
        }
        return keep(Tensor.create(Formula.values(name, shape), dims).to(type));
    }

    private Tensor keep(Tensor tensor) {
        owned.attach(tensor);
        return tensor;
    }

    /** Runs the body and frees what it made, but for its result; handles would else live until the garbage collector comes. */
    private static Tensor scoped(Supplier<Tensor> body) {
        PointerScope outer = PointerScope.getInnerScope();
        try (PointerScope inner = new PointerScope()) {
            Tensor result = body.get();
            outer.attach(result);
            return result;
        }
    }

    /** Class scores of the clips. */
    float[] forward() {
        try (PointerScope scope = new PointerScope();
                NoGradGuard guard = new NoGradGuard()) {
            return read(logits());
        }
    }

    private static float[] read(Tensor tensor) {
        FloatBuffer values = tensor.to(ScalarType.Float).contiguous().createBuffer();
        float[] copy = new float[values.remaining()];
        values.get(copy);
        return copy;
    }

    /** Forward and backward; the gradients stay in the parameters. Returns the loss. */
    float gradients(long label) {
        try (PointerScope scope = new PointerScope()) {
            weights.values().stream()
                    .filter(weight -> weight.grad().defined())
                    .forEach(weight -> weight.mutable_grad().zero_());
            long[] labels = new long[clips];
            java.util.Arrays.fill(labels, label);
            Tensor target = Tensor.create(labels, clips);
            Tensor scores = logits().to(ScalarType.Float);
            Tensor loss = cross_entropy_loss(scores, target, new TensorOptional(), 1, -100, 0.1);
            loss.backward();
            return loss.item_float();
        }
    }

    /** Of a gradient; NaN where there is none. */
    double gradientNorm(String name) {
        try (PointerScope scope = new PointerScope()) {
            Tensor grad = weight(name).grad();
            return grad.defined() ? grad.norm().item_float() : Double.NaN;
        }
    }

    private Tensor weight(String name) {
        return Objects.requireNonNull(weights.get(name), name);
    }

    private Tensor typed(String name) {
        return weight(name).to(type);
    }

    private Tensor logits() {
        int frames = config.frames();
        Tensor images = x.permute(0, 2, 1, 3, 4).reshape((long) clips * frames, 3, 224, 224);
        Tensor tokens = embed("patch_embed.proj", images, config.patchSize());
        Tensor landmark = embed("patch_embed_prompt.proj", a, 1);
        for (int i = 0; i < config.depth(); i++) {
            int block = i;
            Tensor all = tokens;
            Tensor before = landmark;
            Tensor patches = i == 0 ? all : all.narrow(1, 1, config.tokens());
            Tensor image = norm("prompt_norms." + Math.max(0, i - 1), patches, EPS);
            landmark = scoped(() -> prompt("prompt_blocks." + block, image, norm("prompt_norms.0", before, EPS)));
            Tensor prompt = landmark;
            Tensor sum = scoped(() -> patches.add(adapter("prompt_blocks." + block + ".TMA", image))
                    .add(prompt));
            Tensor joined = i == 0 ? withClassToken(sum) : join(all.narrow(1, 0, 1), sum);
            tokens = scoped(() -> encoder("blocks." + block, joined));
        }
        Tensor perFrame = norm("ln_post", tokens.select(1, 0), EPS);
        Tensor feature = perFrame.reshape(clips, frames, config.embedDim()).mean(1);
        return linear("head.fc_cls", feature);
    }

    private static Tensor join(Tensor first, Tensor second) {
        return cat(new TensorVector(first, second), 1);
    }

    private Tensor withClassToken(Tensor patches) {
        long images = (long) clips * config.frames();
        Tensor tokens = join(typed("cls_token").expand(images, 1, config.embedDim()), patches)
                .add(typed("pos_embed"));
        Tensor times = typed("temporal_embedding").unsqueeze(2);
        return tokens.reshape(clips, config.frames(), config.tokens() + 1L, config.embedDim())
                .add(times)
                .reshape(images, config.tokens() + 1L, config.embedDim());
    }

    private Tensor embed(String name, Tensor images, int patch) {
        long[] stride = {patch, patch};
        TensorOptional bias = new TensorOptional(typed(name + ".bias"));
        Tensor maps = conv2d(images, typed(name + ".weight"), bias, stride, new long[] {0, 0}, new long[] {1, 1}, 1);
        return maps.flatten(2, -1).transpose(1, 2);
    }

    private Tensor norm(String name, Tensor in, double eps) {
        TensorOptional scale = new TensorOptional(typed(name + ".weight"));
        TensorOptional shift = new TensorOptional(typed(name + ".bias"));
        return layer_norm(in, new long[] {config.embedDim()}, scale, shift, eps, true);
    }

    private Tensor linear(String name, Tensor in) {
        Tensor weight = typed(name + ".weight");
        Tensor matrix = weight.flatten(1, -1); // those of 1x1 convolutions have four dimensions
        return weights.containsKey(name + ".bias")
                ? torch.linear(in, matrix, new TensorOptional(typed(name + ".bias")))
                : torch.linear(in, matrix);
    }

    private Tensor prompt(String path, Tensor image, Tensor landmark) {
        Tensor z = linear(path + ".conv0_0", image);
        Tensor focus = softmax(z.mul(typed(path + ".fovea.smooth")), 1).mul(z);
        return linear(path + ".conv1x1", focus.add(linear(path + ".conv0_1", landmark)));
    }

    private Tensor adapter(String path, Tensor in) {
        Tensor mixed = norm(path + ".norm", scoped(() -> temporal(path + ".T_Adapter", in)), ADAPTER_EPS);
        return linear(path + ".S_Adapter.D_fc2", gelu(linear(path + ".S_Adapter.D_fc1", mixed)));
    }

    /** Attention over the frames of a clip at each position. */
    private Tensor temporal(String path, Tensor in) {
        Tensor hidden = gelu(linear(path + ".D_fc1", in));
        long tokens = config.tokens();
        long width = hidden.size(2);
        Tensor byPosition = hidden.reshape(clips, config.frames(), tokens, width)
                .transpose(1, 2)
                .reshape(clips * tokens, config.frames(), width);
        Tensor mixed = attention(path + ".attn", byPosition, ADAPTER_HEADS)
                .reshape(clips, tokens, config.frames(), width)
                .transpose(1, 2)
                .reshape((long) clips * config.frames(), tokens, width);
        return linear(path + ".D_fc2", mixed);
    }

    private Tensor encoder(String path, Tensor tokens) {
        Tensor sum =
                scoped(() -> tokens.add(attention(path + ".attn", norm(path + ".norm1", tokens, EPS), config.heads())));
        Tensor normed = norm(path + ".norm2", sum, EPS);
        return sum.add(linear(path + ".mlp.fc2", gelu(linear(path + ".mlp.fc1", normed))));
    }

    private Tensor attention(String path, Tensor in, int heads) {
        long rows = in.size(0);
        long tokens = in.size(1);
        long width = in.size(2);
        Tensor qkv = linear(path + ".qkv", in)
                .reshape(rows, tokens, 3, heads, width / heads)
                .permute(2, 0, 3, 1, 4);
        Tensor mixed = scaled_dot_product_attention(qkv.select(0, 0), qkv.select(0, 1), qkv.select(0, 2));
        return linear(path + ".proj", mixed.transpose(1, 2).reshape(rows, tokens, width));
    }

    @Override
    public void close() {
        owned.close();
    }
}

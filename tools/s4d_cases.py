#!/usr/bin/env python3
"""Reference cases of S4D, of any size and seed, from a plain PyTorch writing of the model: `./s2d verify` runs them.

    tools/s4d_cases.py OUT_DIR [--name s4d_small] [--seed 1] [--set KEY=VALUE ...]

Writes OUT_DIR/NAME (fine-tuning: scores, losses, routing, every gradient) and OUT_DIR/NAME_pretrain (masked auto-encoder), in float32 with
float64 twins of scores and losses. NAME/yardstick_fp32.json has PyTorch's own error on those, the root mean square over the inputs and 15
copies of them with 0.1 % noise: the balance loss is a sum of terms that cancel, and one draw of its error says little. Written for this project from its own description of the model, one expert and one token at a time
where the engine gathers and multiplies all at once: it shares no trick with what it checks. Keys of --set are those of SIZES.
"""

import argparse
import json
import math
import pathlib
import struct

import numpy
import torch
from torch import nn
from torch.nn import functional as F

SIZES = {
    "img_size": 16, "patch_size": 8, "frames": 6, "tubelet": 2, "embed_dim": 16, "depth": 3, "num_heads": 2, "image_classes": 3,
    "video_classes": 5, "layers": [1, 2], "num_experts": 5, "top_k": 3, "capacity_factor": 0.8, "decoder_dim": 12, "decoder_depth": 2,
    "decoder_heads": 3, "batch": 3,
}  # fmt: skip
COEFFICIENT = 1e-3
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
DRAWS = 16
NOISE = 1e-3


def positions(count, dim):
    table = [[p / 10000 ** (2 * (j // 2) / dim) for j in range(dim)] for p in range(count)]
    values = [[math.sin(a) if j % 2 == 0 else math.cos(a) for j, a in enumerate(row)] for row in table]
    return torch.tensor(values, dtype=torch.float64).float()


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.q_bias = nn.Parameter(torch.zeros(dim))
        self.v_bias = nn.Parameter(torch.zeros(dim))
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        batch, tokens, dim = x.shape
        bias = torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias])
        q, k, v = (self.qkv(x) + bias).reshape(batch, tokens, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1) / math.sqrt(dim // self.heads)).softmax(dim=-1)
        return self.proj((scores @ v).transpose(1, 2).reshape(batch, tokens, dim))


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Router(nn.Module):
    def __init__(self, dim, experts):
        super().__init__()
        self.topkroute_linear = nn.Linear(dim, experts)
        self.noise_linear = nn.Linear(dim, experts)


class Experts(nn.Module):
    def __init__(self, dim, count, k, factor):
        super().__init__()
        self.k, self.factor = k, factor
        self.router = Router(dim, count)
        self.experts = nn.ModuleList(Mlp(dim, int(dim * 0.25)) for _ in range(count))

    def forward(self, x, noise, watch):
        count = len(self.experts)
        scores = self.router.topkroute_linear(x) + noise * F.softplus(self.router.noise_linear(x))
        best, chosen = scores.topk(self.k, dim=-1)
        gates = torch.zeros_like(scores).scatter(-1, chosen, best.softmax(dim=-1))
        wanted = torch.zeros_like(scores).scatter(-1, chosen, 1.0)
        self.balance = (wanted.mean(dim=1) * scores.mean(dim=1)).mean() * count**2
        watch("router.in", x)
        watch("router.gates", gates)
        watch("router.indices", chosen)
        tokens = x.flatten(0, 1)
        capacity = int(len(tokens) * self.k / count * self.factor)
        out = [torch.zeros_like(tokens[0]) for _ in tokens]
        for e, expert in enumerate(self.experts):
            for t in wanted.flatten(0, 1)[:, e].nonzero().flatten().tolist()[:capacity]:
                out[t] = out[t] + gates.flatten(0, 1)[t, e] * expert(tokens[t])
        return torch.stack(out).reshape(x.shape)


class Block(nn.Module):
    def __init__(self, dim, heads, experts=None):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        if experts:
            self.moe_layer = Experts(dim, *experts)
        self.mlp = Mlp(dim, 4 * dim)

    def forward(self, x, noise, watch):
        x = x + self.attn(self.norm1(x))
        normed = self.norm2(x)
        out = x + self.mlp(normed)
        if noise is not None:
            mixed = self.moe_layer(normed, noise, watch)
            watch("moe_layer.out", mixed)
            out = out + mixed
        watch("out", out)
        return out


class Embedding(nn.Module):
    def __init__(self, dim, tubelet, patch):
        super().__init__()
        self.proj = nn.Conv3d(3, dim, (tubelet, patch, patch), (tubelet, patch, patch))

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class Heads(nn.Module):
    def __init__(self, dim, image, video):
        super().__init__()
        self.image = nn.Linear(dim, image)
        self.video = nn.Linear(dim, video)


def repeated(x, tubelet):
    return x if x.dim() == 5 else x.unsqueeze(2).repeat(1, 1, tubelet, 1, 1)


class Model(nn.Module):
    def __init__(self, size):
        super().__init__()
        dim = size["embed_dim"]
        self.size = size
        self.patch_embed = Embedding(dim, size["tubelet"], size["patch_size"])
        experts = (size["num_experts"], size["top_k"], size["capacity_factor"])
        self.blocks = nn.ModuleList(
            Block(dim, size["num_heads"], experts if i in size["layers"] else None) for i in range(size["depth"])
        )
        self.fc_norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = Heads(dim, size["image_classes"], size["video_classes"])
        self.table = positions(size["frames"] // size["tubelet"] * (size["img_size"] // size["patch_size"]) ** 2, dim)

    def forward(self, x, noise, watch):
        tokens = self.patch_embed(repeated(x, self.size["tubelet"]))
        watch("patch_embed.out", tokens)
        tokens = tokens + self.table[: tokens.shape[1]].to(tokens)
        for i, block in enumerate(self.blocks):
            tokens = block(tokens, noise.get(i), lambda name, value, i=i: watch(f"blocks.{i}.{name}", value))
        feature = self.fc_norm(tokens.mean(dim=1))
        return (self.head.image if x.dim() == 4 else self.head.video)(feature), feature

    def balance(self):
        return sum(self.blocks[i].moe_layer.balance for i in self.size["layers"])


class Coder(nn.Module):
    def __init__(self, dim, depth, heads):
        super().__init__()
        self.blocks = nn.ModuleList(Block(dim, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)

    def forward(self, x, watch):
        for i, block in enumerate(self.blocks):
            x = block(x, None, lambda name, value, i=i: watch(f"blocks.{i}.{name}", value))
        return self.norm(x)


class Pretraining(nn.Module):
    def __init__(self, size):
        super().__init__()
        dim, narrow = size["embed_dim"], size["decoder_dim"]
        self.size = size
        self.mask_token = nn.Parameter(torch.zeros(1, 1, narrow))
        self.encoder = Coder(dim, size["depth"], size["num_heads"])
        self.encoder.patch_embed = Embedding(dim, size["tubelet"], size["patch_size"])
        self.decoder = Coder(narrow, size["decoder_depth"], size["decoder_heads"])
        self.decoder.head = nn.Linear(narrow, 3 * size["tubelet"] * size["patch_size"] ** 2)
        self.encoder_to_decoder = nn.Linear(dim, narrow, bias=False)
        count = size["frames"] // size["tubelet"] * (size["img_size"] // size["patch_size"]) ** 2
        self.tables = positions(count, dim), positions(count, narrow)

    def forward(self, x, mask, watch):
        tokens = self.encoder.patch_embed(repeated(x, self.size["tubelet"]))
        watch("encoder.patch_embed.out", tokens)
        tokens = tokens + self.tables[0][: tokens.shape[1]].to(tokens)
        visible = torch.stack([sample[~hidden] for sample, hidden in zip(tokens, mask)])
        encoded = self.encoder(visible, lambda name, value: watch(f"encoder.{name}", value))
        watch("encoder.out", encoded)
        narrow = self.encoder_to_decoder(encoded)
        watch("encoder_to_decoder.out", narrow)
        rows = []
        for sample, hidden in zip(narrow, mask):
            seen = iter(sample)
            rows.append(torch.stack([self.mask_token[0, 0] if h else next(seen) for h in hidden.tolist()]))
        restored = torch.stack(rows) + self.tables[1][: mask.shape[1]].to(narrow)
        watch("decoder.in", restored)
        return self.decoder.head(self.decoder(restored, lambda name, value: watch(f"decoder.{name}", value)))

    def pixels(self, x):
        """[B, tokens, pixels, 3] in [0, 1]."""
        p, t = self.size["patch_size"], self.size["tubelet"]
        std, mean = (torch.tensor(v).to(x).reshape(1, 3, 1, 1, 1) for v in (STD, MEAN))
        clips = repeated(x, t) * std + mean
        b, c, frames, height, width = clips.shape
        cut = clips.reshape(b, c, frames // t, t, height // p, p, width // p, p).permute(0, 2, 4, 6, 3, 5, 7, 1)
        return cut.reshape(b, -1, t * p * p, 3)

    def target(self, x, dims):
        pixels = self.pixels(x)
        if dims:
            centred = pixels - pixels.mean(dim=dims, keepdim=True)
            pixels = centred / (pixels.var(dim=dims, unbiased=True, keepdim=True) + 1e-6).sqrt()
        return pixels.flatten(2)

    def loss(self, predicted, x, mask, dims):
        error = ((predicted - self.target(x, dims)) ** 2).mean(dim=-1)
        return (error * mask).sum() / mask.sum()


def redraw(model, generator):
    """So that every path matters."""
    for name, parameter in model.named_parameters():
        draw = torch.randn(parameter.shape, generator=generator)
        if parameter.dim() > 1 and not name.endswith("mask_token"):
            draw = draw / math.sqrt(parameter[0].numel())
        elif name.endswith("weight"):
            draw = 1 + 0.2 * draw
        else:
            draw = 0.1 * draw
        parameter.data.copy_(draw)


class Case:
    """A folder that is being written."""

    def __init__(self, folder, seed, config, values):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.files = folder, {}
        manifest = {"case": folder.name, "seed": seed, "config": config, "values": values}
        manifest["describe"] = "tools/s4d_cases.py, PyTorch " + torch.__version__
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")

    def put(self, file, name, tensor):
        array = tensor.detach().numpy()
        whole = not array.dtype.kind == "f"
        self.files.setdefault(file, {})[name] = array.astype("<i8" if whole else "<f4").reshape(array.shape or (1,))

    def put64(self, file, name, tensor):
        """As two float32 numbers whose sum it is."""
        high = tensor.detach().numpy().astype("<f4")
        self.put(file, name, tensor)
        self.put(file, name + ".lo", torch.from_numpy(numpy.asarray(tensor.detach().numpy() - high)))

    def write(self):
        for file, tensors in self.files.items():
            header, body = {}, b""
            for name, array in tensors.items():
                data = array.tobytes()
                kind = "I64" if array.dtype.kind == "i" else "F32"
                header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(data)]}
                body += data
            text = json.dumps(header).encode()
            text += b" " * (-len(text) % 8)
            (self.folder / f"{file}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)


def gradients(case, kind, model, x):
    case.put("grads_" + kind, "grad.x", x.grad)
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            case.put("grads_" + kind, name, parameter.grad)


def results(model, x, noise, label, watch=lambda name, value: None):
    logits, feature = model(x, {i: drawn.to(x) for i, drawn in noise.items()}, watch)
    ce = F.cross_entropy(logits, label)
    return {"logits": logits, "ce": ce, "aux": model.balance(), "loss": ce + COEFFICIENT * model.balance(), "feature": feature}


def own_errors(model, x, noise, label):
    """PyTorch's float32 against float64, per result: root mean square over the draws, relative to the result of the inputs themselves."""
    generator = torch.Generator().manual_seed(0)
    squares, norms = {}, {}
    with torch.no_grad():
        for draw in range(DRAWS):
            drawn = x * (1 + (NOISE * torch.randn(x.shape, generator=generator) if draw else 0))
            chosen = {torch.float32: [], torch.float64: []}
            seen = {}
            for dtype, choices in chosen.items():
                watch = lambda name, value, choices=choices: choices.append(value) if name.endswith("indices") else None
                seen[dtype] = results(model.to(dtype), drawn.to(dtype), noise, label, watch)
            assert all(map(torch.equal, *chosen.values())), "float32 and float64 choose other experts; take another seed"
            for name, exact in seen[torch.float64].items():
                norms.setdefault(name, exact.norm().item())
                squares[name] = squares.get(name, 0) + (seen[torch.float32][name] - exact).norm().item() ** 2
    model.float()
    return {name: math.sqrt(square / DRAWS) / norms[name] for name, square in squares.items()}


def fine_tuning(folder, seed, size, generator):
    config = {key: size[key] for key in ("img_size", "patch_size", "embed_dim", "depth", "num_heads")}
    config |= {"mlp_ratio": 4, "all_frames": size["frames"], "tubelet_size": size["tubelet"], "keys": ["image", "video"]}
    config |= {"multi_head": [size["image_classes"], size["video_classes"]], "aux_loss_coeff": COEFFICIENT}
    config["moe"] = {key: size[key] for key in ("layers", "num_experts", "top_k", "capacity_factor")}
    case = Case(folder, seed, config, {})
    model = Model(size)
    redraw(model, generator)
    errors = {}
    for name, parameter in model.named_parameters():
        case.put("state", name, parameter)
    for kind, frames in (("video", [size["frames"]]), ("image", [])):
        x = torch.randn([size["batch"], 3, *frames, size["img_size"], size["img_size"]], generator=generator)
        tokens = (size["frames"] // size["tubelet"] if frames else 1) * (size["img_size"] // size["patch_size"]) ** 2
        noise = {i: torch.randn(size["batch"], tokens, size["num_experts"], generator=generator) for i in size["layers"]}
        label = torch.randint(size[kind + "_classes"], (size["batch"],), generator=generator)
        case.put("io", f"{kind}/x", x)
        case.put("io", f"{kind}/label", label)
        for i, drawn in noise.items():
            case.put("io", f"{kind}/noise.{i}", drawn)
        for double in (False, True):
            run = model.double() if double else model.float()
            run.zero_grad(set_to_none=True)
            own = (x.double() if double else x.clone()).requires_grad_()
            watch = (lambda name, value: None) if double else (lambda name, value: case.put("acts_" + kind, name, value))
            seen = results(run, own, noise, label, watch)
            for name, value in seen.items():
                stored = value.reshape(-1) if value.dim() == 0 else value
                if not double:
                    case.put("io", f"{kind}/{name}", stored)
                elif name != "feature":
                    case.put64("io", f"{kind}/f64.{name}", stored)
            if not double:
                seen["loss"].backward()
                gradients(case, kind, run, own)
        errors |= {f"{kind}/{name}": float(f"{error:.4g}") for name, error in own_errors(model, x, noise, label).items()}
    case.write()
    yardstick = {"what": "relative L2 error of PyTorch in float32 against float64, root mean square over draws", "draws": DRAWS}
    yardstick |= {"torch": torch.__version__, "relative_l2_error": errors}
    (folder / "yardstick_fp32.json").write_text(json.dumps(yardstick, indent=1) + "\n")


def pretraining(folder, seed, size, generator):
    config = {"img_size": size["img_size"], "patch_size": size["patch_size"], "num_frames": size["frames"]}
    config |= {"tubelet_size": size["tubelet"], "mlp_ratio": 4, "encoder_embed_dim": size["embed_dim"]}
    config |= {"encoder_depth": size["depth"], "encoder_num_heads": size["num_heads"]}
    config |= {"decoder_embed_dim": size["decoder_dim"], "decoder_depth": size["decoder_depth"]}
    config["decoder_num_heads"] = size["decoder_heads"]
    case = Case(folder, seed, config, {})
    model = Pretraining(size)
    redraw(model, generator)
    for name, parameter in model.named_parameters():
        case.put("state", name, parameter)
    for kind, frames in (("video", [size["frames"]]), ("image", [])):
        x = torch.randn([size["batch"], 3, *frames, size["img_size"], size["img_size"]], generator=generator)
        tokens = (size["frames"] // size["tubelet"] if frames else 1) * (size["img_size"] // size["patch_size"]) ** 2
        hidden = [torch.randperm(tokens, generator=generator) < tokens * 3 // 4 for _ in range(size["batch"])]
        mask = torch.stack(hidden)
        case.put("io", f"{kind}/x", x)
        case.put("io", f"{kind}/mask", mask.long())
        for double in (False, True):
            run = model.double() if double else model.float()
            run.zero_grad(set_to_none=True)
            own = (x.double() if double else x.clone()).requires_grad_()
            watch = (lambda name, value: None) if double else (lambda name, value: case.put("acts_" + kind, name, value))
            predicted = run(own, mask, watch)
            loss = run.loss(predicted, own.detach(), mask, (2,))
            (case.put64 if double else case.put)("io", f"{kind}/{'f64.' if double else ''}loss", loss.reshape(1))
            if not double:
                case.put("io", f"{kind}/pred", predicted)
                case.put("io", f"{kind}/target", run.target(x, (2,))[:1])
                case.put("io", f"{kind}/loss_norm_all_channels", run.loss(predicted, x, mask, (2, 3)).reshape(1))
                case.put("io", f"{kind}/loss_no_norm", run.loss(predicted, x, mask, ()).reshape(1))
                loss.backward()
                gradients(case, kind, run, own)
        model.float()
    case.write()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--name", default="s4d_small")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=", ".join(SIZES))
    args = parser.parse_args()
    size = dict(SIZES)
    for setting in args.set:
        key, value = setting.split("=", 1)
        if key not in SIZES:
            parser.error(f"--set {setting}: unknown key, one of {', '.join(SIZES)}")
        size[key] = json.loads(value)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(args.seed)
    fine_tuning(args.out / args.name, args.seed, size, generator)
    pretraining(args.out / f"{args.name}_pretrain", args.seed, size, generator)


if __name__ == "__main__":
    main()

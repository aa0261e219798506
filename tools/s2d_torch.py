"""S2D in PyTorch, written for this project from its own description of the model: the oracle of the tools in this folder.

Parameter names are those of the checkpoints. `forward(x, a, watch)` takes clips [B, 3, T, H, W] and landmark maps [B*T, C, h, w];
`watch(name, tensor)` sees intermediate results under the names the reference cases use.
"""

import json
import struct

import numpy
import torch
from torch import nn
from torch.nn import functional as F

NUMPY_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8"}


def load_safetensors(path):
    """Every tensor of a safetensors file by name (bfloat16 is not needed here)."""
    with open(path, "rb") as file:
        data = file.read()
    (header_size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + header_size])
    body = memoryview(data)[8 + header_size :]
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            array = numpy.frombuffer(body[start:end], dtype=NUMPY_TYPES[entry["dtype"]])
            tensors[name] = torch.from_numpy(array.reshape(entry["shape"]).copy())
    return tensors


def silent(name, tensor):
    return tensor


class LayerNorm(nn.LayerNorm):
    """In the type of its weight, as autocast on a GPU runs it; on a CPU mixed types are an error."""

    def forward(self, x):
        return super().forward(x.to(self.weight.dtype))


class Attention(nn.Module):
    """With `fused` the scores stay inside PyTorch's scaled_dot_product_attention (2.0 and later)."""

    fused = False

    def __init__(self, dim, heads, bias):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=bias)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        rows, tokens, dim = x.shape
        q, k, v = self.qkv(x).reshape(rows, tokens, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        if self.fused:
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            scores = q @ k.transpose(-2, -1) * (dim // self.heads) ** -0.5
            mixed = scores.to(self.proj.weight.dtype).softmax(dim=-1) @ v
        return self.proj(mixed.transpose(1, 2).reshape(rows, tokens, dim))


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.norm1 = LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads, bias=True)
        self.norm2 = LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim, hidden)

    def forward(self, x, watch):
        normed = watch("norm1.out", self.norm1(x))
        x = x + watch("attn.out", self.attn(normed))
        return watch("out", x + watch("mlp.out", self.mlp(self.norm2(x))))


class Adapter(nn.Module):
    """A bottleneck without skip connection; with attention over the frames of a clip when it has a number of frames."""

    def __init__(self, dim, hidden, frames=None):
        super().__init__()
        self.frames = frames
        self.D_fc1 = nn.Linear(dim, hidden)
        self.D_fc2 = nn.Linear(hidden, dim)
        if frames:
            self.attn = Attention(hidden, 8, bias=False)

    def forward(self, x):
        x = F.gelu(self.D_fc1(x))
        if self.frames:
            rows, tokens, hidden = x.shape
            per_position = x.reshape(-1, self.frames, tokens, hidden).transpose(1, 2).reshape(-1, self.frames, hidden)
            mixed = self.attn(per_position).reshape(-1, tokens, self.frames, hidden).transpose(1, 2)
            x = mixed.reshape(rows, tokens, hidden)
        return self.D_fc2(x)


class TemporalAdapter(nn.Module):
    def __init__(self, dim, hidden, frames):
        super().__init__()
        self.T_Adapter = Adapter(dim, hidden, frames)
        self.norm = LayerNorm(dim)
        self.S_Adapter = Adapter(dim, hidden)

    def forward(self, x, watch):
        mixed = watch("TMA.T_Adapter.out", self.T_Adapter(x))
        return self.S_Adapter(watch("TMA.norm.out", self.norm(mixed)))


class Fovea(nn.Module):
    def __init__(self):
        super().__init__()
        self.smooth = nn.Parameter(torch.full((1,), 10.0))

    def forward(self, x):
        flat = x.flatten(2)
        return ((flat * self.smooth).softmax(dim=-1) * flat).reshape(x.shape)


class PromptBlock(nn.Module):
    def __init__(self, dim, hidden, adapter, frames):
        super().__init__()
        self.conv0_0 = nn.Conv2d(dim, hidden, 1)
        self.conv0_1 = nn.Conv2d(dim, hidden, 1)
        self.conv1x1 = nn.Conv2d(hidden, dim, 1)
        self.fovea = Fovea()
        self.TMA = TemporalAdapter(dim, adapter, frames)

    def forward(self, image, landmark, side, watch):
        def as_map(tokens):
            return tokens.transpose(1, 2).reshape(tokens.shape[0], -1, *side)

        if watch is not silent:
            watch("in", torch.cat([as_map(image), as_map(landmark)], dim=1))
        focused = watch("fovea.out", self.fovea(self.conv0_0(as_map(image))))
        prompt = watch("out_prompt", self.conv1x1(focused + self.conv0_1(as_map(landmark))))
        return prompt.flatten(2).transpose(1, 2), watch("out_tma", self.TMA(image, watch))


class Projection(nn.Module):
    def __init__(self, channels, dim, patch):
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, patch, patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class Head(nn.Module):
    def __init__(self, dim, classes):
        super().__init__()
        self.fc_cls = nn.Linear(dim, classes)


def below(watch, path):
    return silent if watch is silent else lambda name, tensor: watch(f"{path}.{name}", tensor)


class S2D(nn.Module):
    """`config` has the keys of a reference case; prompt type deep and class-token pooling."""

    def __init__(self, config):
        super().__init__()
        dim, depth, frames = config["embed_dim"], config["depth"], config["num_frames"]
        side = config["img_size"] // config["patch_size"]
        self.frames, self.side = frames, (side, side)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, side * side + 1, dim))
        self.temporal_embedding = nn.Parameter(torch.zeros(1, frames, dim))
        self.patch_embed = Projection(3, dim, config["patch_size"])
        self.patch_embed_prompt = Projection(config["in_chans_l"], dim, 1)
        adapter = int(dim * config.get("adapter_scale", 0.25))
        hidden = config.get("hidden_dim", 8)
        self.prompt_blocks = nn.ModuleList(PromptBlock(dim, hidden, adapter, frames) for _ in range(depth))
        self.prompt_norms = nn.ModuleList(LayerNorm(dim, eps=1e-6) for _ in range(depth))
        mlp = int(dim * config.get("mlp_ratio", 4))
        self.blocks = nn.ModuleList(Block(dim, config["num_heads"], mlp) for _ in range(depth))
        self.ln_post = LayerNorm(dim, eps=1e-6)
        self.head = Head(dim, config["num_classes"])

    def forward(self, x, a, watch=silent):
        batch = x.shape[0]
        tokens = watch("patch_embed.out", self.patch_embed(x.transpose(1, 2).flatten(0, 1)))
        landmark = watch("patch_embed_prompt.out", self.patch_embed_prompt(a))
        for i, block in enumerate(self.blocks):
            classes, patches = (tokens[:, :0], tokens) if i == 0 else (tokens[:, :1], tokens[:, 1:])
            image = self.prompt_norms[max(0, i - 1)](patches)
            landmark, adapted = self.prompt_blocks[i](
                image, self.prompt_norms[0](landmark), self.side, below(watch, f"prompt_blocks.{i}")
            )
            tokens = torch.cat([classes, patches + adapted + landmark], dim=1)
            if i == 0:
                tokens = torch.cat([self.cls_token.expand(len(tokens), -1, -1), tokens], dim=1) + self.pos_embed
                clips = tokens.reshape(batch, self.frames, *tokens.shape[1:])
                tokens = (clips + self.temporal_embedding[0][None, :, None]).reshape(tokens.shape)
                watch("tokens_in_block0", tokens)
            tokens = block(tokens, below(watch, f"blocks.{i}"))
        per_frame = watch("ln_post.out.cls", self.ln_post(tokens)[:, 0])
        feature = watch("feature", per_frame.reshape(batch, self.frames, -1).mean(dim=1))
        return watch("logits", self.head.fc_cls(feature)), feature

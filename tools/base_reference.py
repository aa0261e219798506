#!/usr/bin/env python3
"""The result of an S2D training step in float64, for benchmarks that check what they compute.

    tools/base_reference.py bench/reference/s2d_base.json [--dtype float32]
    tools/base_reference.py bench/reference/s2d_base.json --yardstick
    tools/base_reference.py bench/reference/s2d_base.json --clip 4x224 [--clip ...]

and the same with `--small` and bench/reference/s2d_small.json. The second form adds how far PyTorch's own float32 is from its float64, for each
kind of parameter in the block where it is farthest; at 64 pixels, where it takes minutes instead of hours. The third adds the logits of clips of
other sizes, frames x pixels, in float64. Weights and inputs are too large to store, so both sides make them by one formula (see `formula`). Stored
are logits, loss and the 2-norm of every gradient of the fine-tuning parameters. Needs about 20 GB and some minutes in float64; `--small` seconds.
"""

import argparse
import json
import pathlib
import re
import statistics

import numpy
import torch

from s2d_torch import S2D

CONFIG = {
    "img_size": 224, "patch_size": 16, "embed_dim": 768, "depth": 12, "num_heads": 12, "num_frames": 16,
    "num_classes": 7, "in_chans_l": 128, "hidden_dim": 8, "adapter_scale": 0.25, "mlp_ratio": 4.0,
}  # fmt: skip
SMALL = CONFIG | {"img_size": 112, "patch_size": 8, "embed_dim": 128, "depth": 4, "num_heads": 4}  # S2dConfig.small
LABEL = 3
TRAINABLE = ("temporal_embedding", "ln_post", "Adapter", "head", "prompt")


def uniform(name, count):
    """`count` numbers in [0, 1): splitmix64 of the name's FNV-1a hash plus the element's position."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(seed) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z = z ^ (z >> numpy.uint64(31))
    return (z >> numpy.uint64(40)).astype(numpy.float64) / 2**24


def formula(name, shape):
    """Float32 values: inputs in [-1, 1); matrices uniform with variance 1 / fan-in; norm weights around 1; the rest small."""
    count = int(numpy.prod(shape))
    u = uniform(name, count)
    if name in ("x", "a"):
        values = 2 * u - 1
    elif name.endswith("smooth"):
        values = numpy.full(count, 10.0)
    elif name.endswith("weight") and len(shape) == 1:
        values = 0.75 + 0.5 * u
    elif name.endswith("weight"):
        values = (2 * u - 1) * numpy.sqrt(3 / (count / shape[0]))
    else:
        values = (u - 0.5) * 0.4
    return torch.from_numpy(values.astype(numpy.float32).reshape(shape))


def forward(config, dtype):
    """The model, logits and feature."""
    model = S2D(config)
    for name, parameter in model.named_parameters():
        parameter.data = formula(name, parameter.shape).to(dtype)
        parameter.requires_grad_(any(part in name for part in TRAINABLE) and name != "pos_embed")
    frames, side = config["num_frames"], config["img_size"]
    grid = side // config["patch_size"]
    x = formula("x", (1, 3, frames, side, side)).to(dtype)
    a = formula("a", (frames, config["in_chans_l"], grid, grid)).to(dtype)
    return model, *model(x, a)


def step(config, dtype):
    """Logits, feature, loss, and the norm of each gradient."""
    model, logits, feature = forward(config, dtype)
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor([LABEL]), label_smoothing=0.1)
    loss.backward()
    norms = {name: p.grad.norm().item() for name, p in model.named_parameters() if p.grad is not None}
    return logits, feature, loss, norms


def kind(name):
    return re.sub(r"\d+", "#", name)


def yardstick(config):
    """Relative errors of float32 by kind of parameter; a norm is compared with the median of its kind where it is smaller."""
    config = config | {"img_size": 64}
    truth = step(config, torch.float64)[3]
    with torch.backends.mkldnn.flags(enabled=False):  # its gradients in Debian's PyTorch 1.13 are 1e7 times too large
        ours = step(config, torch.float32)[3]
    errors = {}
    for name, norm in truth.items():
        typical = statistics.median(n for other, n in truth.items() if kind(other) == kind(name))
        error = abs(ours[name] - norm) / max(norm, typical)
        errors[kind(name)] = max(error, errors.get(kind(name), 0))
    return errors


def clip_logits(config, clip):
    frames, side = map(int, clip.split("x"))
    with torch.no_grad():
        return forward(config | {"num_frames": frames, "img_size": side}, torch.float64)[1][0].tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--dtype", default="float64", choices=["float32", "float64"])
    parser.add_argument("--yardstick", action="store_true")
    parser.add_argument("--clip", action="append", metavar="FRAMESxPIXELS")
    parser.add_argument("--small", action="store_true", help="S2dConfig.small instead of base")
    args = parser.parse_args()
    config = SMALL if args.small else CONFIG
    if args.clip:
        expected = json.loads(args.out.read_text())
        expected["clips"] = expected.get("clips", {}) | {clip: clip_logits(config, clip) for clip in args.clip}
    elif args.yardstick:
        expected = json.loads(args.out.read_text()) | {"float32_errors": yardstick(config)}
    else:
        logits, feature, loss, norms = step(config, getattr(torch, args.dtype))
        expected = {
            "what": f"one training step of {'small' if args.small else 'base'}-size S2D in PyTorch {torch.__version__} {args.dtype}; see tools/base_reference.py",
            "label": LABEL,
            "logits": logits[0].tolist(),
            "feature_norm": feature.norm().item(),
            "loss": loss.item(),
            "gradient_norms": norms,
        }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()

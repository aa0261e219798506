#!/usr/bin/env python3
"""What single layers of base-size S2D compute in float64, for the benchmarks of layers.

    tools/layer_reference.py bench/reference/layers.json

Weights and inputs come from the formula of base_reference.py. Stored are some elements of each output, evenly spread.
"""

import json
import pathlib
import sys

import torch

from base_reference import CONFIG, formula
from s2d_torch import Attention, Block, Mlp, PromptBlock, TemporalAdapter, silent

DIM, HEADS, FRAMES = CONFIG["embed_dim"], CONFIG["num_heads"], CONFIG["num_frames"]
HIDDEN = int(DIM * CONFIG["mlp_ratio"])
ADAPTER = int(DIM * CONFIG["adapter_scale"])
SIDE = CONFIG["img_size"] // CONFIG["patch_size"]
ELEMENTS = 500


def tokens(name, count):
    return formula(name, (FRAMES, count, DIM)).double()


def layers():
    """Name, module, and what to do with it."""
    x, patches, landmarks = tokens("x", SIDE**2 + 1), tokens("x", SIDE**2), tokens("a", SIDE**2)
    yield "attention", Attention(DIM, HEADS, bias=True), lambda layer: layer(x)
    yield "mlp", Mlp(DIM, HIDDEN), lambda layer: layer(x)
    yield "block", Block(DIM, HEADS, HIDDEN), lambda layer: layer(x, silent)
    yield "temporal_adapter", TemporalAdapter(DIM, ADAPTER, FRAMES), lambda layer: layer(patches, silent)
    prompter = PromptBlock(DIM, CONFIG["hidden_dim"], ADAPTER, FRAMES)
    yield "fovea_prompter", prompter, lambda layer: layer(patches, landmarks, (SIDE, SIDE), silent)[0]


def main():
    expected = {"what": f"layers of base-size S2D in PyTorch {torch.__version__} float64; see tools/layer_reference.py"}
    with torch.no_grad():
        for name, layer, run in layers():
            for path, parameter in layer.named_parameters():
                parameter.data = formula(f"{name}.{path}", parameter.shape).double()
            out = run(layer).flatten()
            expected[name] = out[:: len(out) // ELEMENTS][:ELEMENTS].tolist()
    pathlib.Path(sys.argv[1]).write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()

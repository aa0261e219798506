#!/usr/bin/env python3
"""How far PyTorch itself is from float64 when it computes S2D in bfloat16 or float16: the yardstick of `./s2d verify --precision bf16|fp16`.

    tools/yardstick.py weights/reference/s2d_tiny [--precision fp16 --device cuda]

Runs the case's weights and inputs through tools/s2d_torch.py, in float64 and under autocast to the low precision, forward and backward,
and writes each tensor's relative L2 distance to CASE/yardstick_PRECISION.json: the root mean square over the case's inputs and 15 copies of
them with 0.1 % noise, each against its own float64 result. One draw says little about a scalar: the gradient of fovea.smooth is a sum of
terms that cancel, and its error is anything from 1e-2 to 3e-1 depending on how the roundings fall. fp16 needs a GPU in PyTorch 1.
"""

import argparse
import json
import pathlib
import sys

import torch

from s2d_torch import S2D, load_safetensors

DRAWS = 16
NOISE = 1e-3
TYPES = {"bf16": ("bfloat16", torch.bfloat16), "fp16": ("float16", torch.float16)}


def run(config, state, inputs, dtype, device, low=None):
    """Under autocast to `low` unless that is None."""
    model = S2D(config).to(device, dtype)
    model.load_state_dict({name: value.to(dtype) for name, value in state.items()})
    results = {}

    def watch(name, tensor):
        results[name] = tensor.detach().double().cpu()
        return tensor

    x = inputs["x"].to(device, dtype, copy=True).requires_grad_()
    a = inputs["a"].to(device, dtype, copy=True).requires_grad_()
    with torch.autocast(device, dtype=low or torch.bfloat16, enabled=low is not None):
        logits, _ = model(x, a, watch)
    target = inputs["soft_target"].to(device, dtype)
    loss = watch("loss", -(target * logits.to(dtype).log_softmax(dim=-1)).sum(dim=-1).mean())
    loss.backward()
    gradients = {"x": x.grad, "a": a.grad, **{name: p.grad for name, p in model.named_parameters()}}
    results.update({"grad." + name: grad.double().cpu() for name, grad in gradients.items() if grad is not None})
    return results


def with_noise(inputs, draw):
    """The case's inputs themselves for draw 0."""
    if draw == 0:
        return inputs
    generator = torch.Generator().manual_seed(draw)
    noisy = {name: inputs[name] * (1 + NOISE * torch.randn(inputs[name].shape, generator=generator)) for name in ("x", "a")}
    return {**inputs, **noisy}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", type=pathlib.Path)
    parser.add_argument("--precision", default="bf16", choices=sorted(TYPES))
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    args = parser.parse_args()
    case, (type_name, low_type) = args.case, TYPES[args.precision]
    config = json.loads((case / "manifest.json").read_text())["config"]
    state = load_safetensors(case / "state.safetensors")
    inputs = load_safetensors(case / "io.safetensors")
    exact = run(config, state, inputs, torch.float64, args.device)
    drift = ((exact["logits"] - inputs["logits"].double()).norm() / exact["logits"].norm()).item()
    if drift > 1e-5:
        sys.exit(f"{case}: tools/s2d_torch.py differs from the case's logits by {drift:.1e}; the yardstick would mean nothing.")
    squares = {name: 0.0 for name in exact}
    for draw in range(DRAWS):
        drawn = with_noise(inputs, draw)
        exact = run(config, state, drawn, torch.float64, args.device)
        low = run(config, state, drawn, torch.float32, args.device, low_type)
        for name, value in exact.items():
            squares[name] += ((low[name] - value).norm() / value.norm()).item() ** 2
    errors = {name: (square / DRAWS) ** 0.5 for name, square in squares.items()}
    where = "a CPU" if args.device == "cpu" else "a GPU"
    yardstick = {
        "what": f"relative L2 error of PyTorch under autocast to {type_name} on {where}, against float64, root mean square over draws",
        "draws": DRAWS,
        "torch": torch.__version__,
        "relative_l2_error": {name: float(f"{error:.4g}") for name, error in errors.items()},
    }
    (case / f"yardstick_{args.precision}.json").write_text(json.dumps(yardstick, indent=1) + "\n")
    worst = max(errors, key=errors.get)
    print(f"{len(errors)} tensors; median {sorted(errors.values())[len(errors) // 2]:.2e}, largest {errors[worst]:.2e} ({worst})")


if __name__ == "__main__":
    main()

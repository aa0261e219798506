#!/usr/bin/env python3
"""How far PyTorch itself is from float64 when it computes S2D in bfloat16: the yardstick of `./s2d verify --precision bf16`.

    tools/bf16_yardstick.py weights/reference/s2d_tiny

Runs the case's weights and inputs through tools/s2d_torch.py on the CPU, in float64 and under autocast to bfloat16, forward and backward,
and writes each tensor's relative L2 distance to CASE/yardstick_bf16.json: the root mean square over the case's inputs and 15 copies of them
with 0.1 % noise, each against its own float64 result. One draw says little about a scalar: the gradient of fovea.smooth is a sum of terms
that cancel, and its error is anything from 1e-2 to 3e-1 depending on how the roundings fall.
"""

import json
import pathlib
import sys

import torch

from s2d_torch import S2D, load_safetensors

DRAWS = 16
NOISE = 1e-3


def run(config, state, inputs, dtype, autocast):
    model = S2D(config).to(dtype)
    model.load_state_dict({name: value.to(dtype) for name, value in state.items()})
    results = {}

    def watch(name, tensor):
        results[name] = tensor.detach().double()
        return tensor

    x = inputs["x"].to(dtype, copy=True).requires_grad_()
    a = inputs["a"].to(dtype, copy=True).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        logits, _ = model(x, a, watch)
    target = inputs["soft_target"].to(dtype)
    loss = watch("loss", -(target * logits.to(dtype).log_softmax(dim=-1)).sum(dim=-1).mean())
    loss.backward()
    results.update({"grad.x": x.grad.double(), "grad.a": a.grad.double()})
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            results["grad." + name] = parameter.grad.double()
    return results


def with_noise(inputs, draw):
    """The case's inputs themselves for draw 0."""
    if draw == 0:
        return inputs
    generator = torch.Generator().manual_seed(draw)
    noisy = {name: inputs[name] * (1 + NOISE * torch.randn(inputs[name].shape, generator=generator)) for name in ("x", "a")}
    return {**inputs, **noisy}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    case = pathlib.Path(sys.argv[1])
    config = json.loads((case / "manifest.json").read_text())["config"]
    state = load_safetensors(case / "state.safetensors")
    inputs = load_safetensors(case / "io.safetensors")
    exact = run(config, state, inputs, torch.float64, autocast=False)
    drift = ((exact["logits"] - inputs["logits"].double()).norm() / exact["logits"].norm()).item()
    if drift > 1e-5:
        sys.exit(f"{case}: tools/s2d_torch.py differs from the case's logits by {drift:.1e}; the yardstick would mean nothing.")
    squares = {name: 0.0 for name in exact}
    for draw in range(DRAWS):
        drawn = with_noise(inputs, draw)
        exact = run(config, state, drawn, torch.float64, autocast=False)
        low = run(config, state, drawn, torch.float32, autocast=True)
        for name, value in exact.items():
            squares[name] += ((low[name] - value).norm() / value.norm()).item() ** 2
    errors = {name: (square / DRAWS) ** 0.5 for name, square in squares.items()}
    yardstick = {
        "what": "relative L2 error of PyTorch under autocast to bfloat16 on a CPU, against float64, root mean square over draws",
        "draws": DRAWS,
        "torch": torch.__version__,
        "relative_l2_error": {name: float(f"{error:.4g}") for name, error in errors.items()},
    }
    (case / "yardstick_bf16.json").write_text(json.dumps(yardstick, indent=1) + "\n")
    worst = max(errors, key=errors.get)
    print(f"{len(errors)} tensors; median {sorted(errors.values())[len(errors) // 2]:.2e}, largest {errors[worst]:.2e} ({worst})")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""S2D in PyTorch on the same GPU: what ours is measured against.

    tools/pytorch_peer.py --check weights/reference/s2d_tiny      compare with a reference case; exit code 1 when a tensor is off
    tools/pytorch_peer.py --measure OUT.jsonl [--device cuda] [--size base] [--budget SECONDS]

Measured are a training step of the fine-tuning recipe (frozen backbone, label smoothing, AdamW) and inference, over clips and landmark maps
that lie on the device already; and attention by itself. Ways of attention and execution:

    plain      the scores in memory, as in the authors' code
    sdpa       torch.nn.functional.scaled_dot_product_attention
    compile    the same under torch.compile

in bf16 by autocast (for inference also with all weights in bf16) and in fp32 without TF32. Weights and inputs come from the formula of
tools/base_reference.py, or weights from --weights FILE.safetensors (`./s2d convert` writes it), so that logits can be compared between
programs. OUT.jsonl gets a line per item; a second run goes on with what is missing. Exit code 4: the budget ended before the items did.
"""

import argparse
import contextlib
import gc
import json
import pathlib
import re
import statistics
import sys
import time

import torch
from torch.nn import functional as F

from base_reference import CONFIG, LABEL, TRAINABLE, formula
from s2d_torch import S2D, Attention, load_safetensors

UNFINISHED = 4
TINY = {**CONFIG, "img_size": 32, "embed_dim": 64, "depth": 2, "num_heads": 4, "num_frames": 4, "in_chans_l": 16}
SIZES = {"base": (CONFIG, 8), "tiny": (TINY, 2)}
HAS_SDPA = hasattr(F, "scaled_dot_product_attention")
TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
LR, DECAY = 1e-5, 0.05


# Reference case


def load_case(folder):
    """Configuration, weights, inputs, and results: by name PyTorch's float32 value and the float64 one where it is stored."""
    config = json.loads((folder / "manifest.json").read_text())["config"]
    if config.get("prompt_type", "deep") != "deep" or config.get("global_pool", "token") != "token":
        sys.exit(f"{folder}: only models with prompt_type deep and global_pool token are known here.")
    files = {name: load_safetensors(folder / f"{name}.safetensors") for name in ("state", "io", "grads", "f64")}
    inputs = {name: files["io"][name] for name in ("x", "a", "soft_target")}
    single = {name: value for name, value in files["io"].items() if name in ("logits", "feature", "loss") or name.startswith("grad.")}
    single.update({"grad." + name: value for name, value in files["grads"].items()})
    double = {}
    for name, value in files["f64"].items():
        if not name.endswith(".lo"):
            low = files["f64"].get(name + ".lo")
            double[name] = value.double() if low is None else value.double() + low.double()
    return config, files["state"], inputs, single, double


def case_results(model, inputs, dtype, device, autocast):
    x = inputs["x"].to(device, dtype, copy=True).requires_grad_()
    a = inputs["a"].to(device, dtype, copy=True).requires_grad_()
    with torch.autocast(device, dtype=torch.bfloat16, enabled=autocast):
        logits, feature = model(x, a)
    target = inputs["soft_target"].to(device, dtype)
    loss = -(target * logits.to(dtype).log_softmax(dim=-1)).sum(dim=-1).mean()
    loss.backward()
    results = {"logits": logits, "feature": feature, "loss": loss.reshape(1), "grad.x": x.grad, "grad.a": a.grad}
    results.update({"grad." + name: p.grad for name, p in model.named_parameters() if p.grad is not None})
    return {name: value.detach().double().cpu() for name, value in results.items()}


def relative(ours, truth):
    norm = truth.norm().item()
    return (ours - truth).norm().item() / (norm if norm > 0 else 1)


def bf16_limits(folder):
    """As `./s2d verify` has them: twice PyTorch's error of the tensor or, where that is more, the median over its kind."""
    file = folder / "yardstick_bf16.json"
    errors = json.loads(file.read_text())["relative_l2_error"] if file.exists() else {}
    kinds = {}
    for name, error in errors.items():
        kinds.setdefault(re.sub(r"\d+", "#", name), []).append(error)
    return {name: 2 * max(error, statistics.median(kinds[re.sub(r"\d+", "#", name)])) for name, error in errors.items()}


def check(folder, device):
    """In float64 the results must be the stored ones up to their rounding; in bf16 within twice PyTorch's error on a CPU."""
    config, state, inputs, single, double = load_case(folder)
    bf16 = bf16_limits(folder)
    failed = total = 0
    for fused in (False, True) if HAS_SDPA else (False,):
        Attention.fused = fused
        for dtype, autocast in ((torch.float64, False), (torch.float32, True)):
            if autocast and not bf16:
                continue
            model = S2D(config).to(device, dtype)
            model.load_state_dict({name: value.to(dtype) for name, value in state.items()})
            results = case_results(model, inputs, dtype, device, autocast)
            if set(results) != set(single):
                sys.exit(f"{folder}: results differ in names: {sorted(set(results) ^ set(single))}")
            rows = []
            for name, ours in results.items():
                # A float64 value is stored in 48 bits or, where the case has it in F32 only, as PyTorch's own float32 result.
                limit = bf16[name] if autocast else 1e-7 if name in double else 2e-5
                rows.append((relative(ours, double.get(name, single[name].double())), limit, name))
            bad = [row for row in rows if not row[0] <= row[1]]
            failed, total = failed + len(bad), total + len(rows)
            error, limit, name = max(rows, key=lambda row: row[0] / row[1])
            how = ("sdpa" if fused else "plain") + (" bf16" if autocast else " float64")
            print(f"{how}: {len(rows)} tensors, {len(bad)} failed; nearest to its limit {name}: {error:.2e} of {limit:.2e}")
            for error, limit, name in bad:
                print(f"  {name}: {error:.2e}, limit {limit:.2e}  FAIL")
    print(f"{total} tensors, {failed} failed")
    return 1 if failed else 0


# Measuring


class Clock:
    """Times of repeated calls in milliseconds: by CUDA events on a GPU, else by the processor's clock."""

    def __init__(self, device, least, seconds):
        self.cuda, self.least, self.seconds = device == "cuda", least, seconds

    def times(self, work):
        """After three calls to warm up: as many as fit into the seconds, `least` at the least, 200 at most."""
        for _ in range(3):
            work()
        times, start = [], time.monotonic()
        while len(times) < self.least or (len(times) < 200 and time.monotonic() - start < self.seconds):
            times.append(self.one(work))
        return times

    def one(self, work):
        if not self.cuda:
            start = time.perf_counter()
            work()
            return (time.perf_counter() - start) * 1e3
        before, after = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        before.record()
        work()
        after.record()
        after.synchronize()
        return before.elapsed_time(after)


class Peer:
    def __init__(self, args):
        self.args = args
        self.config, self.batch = SIZES[args.size]
        self.device = args.device
        frames, side = self.config["num_frames"], self.config["img_size"]
        positions = side // self.config["patch_size"]
        self.x = formula("x", (self.batch, 3, frames, side, side)).to(self.device)
        self.a = formula("a", (self.batch * frames, self.config["in_chans_l"], positions, positions)).to(self.device)
        self.labels = torch.full((self.batch,), LABEL, device=self.device)
        self.clock = Clock(self.device, *((5, 5.0) if args.size == "base" else (2, 0.2)))
        shapes = {name: parameter.shape for name, parameter in S2D(self.config).named_parameters()}
        self.state = (
            load_safetensors(args.weights) if args.weights else {name: formula(name, shape) for name, shape in shapes.items()}
        )

    def model(self, training):
        model = S2D(self.config)
        model.load_state_dict(self.state)
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(training and name != "pos_embed" and any(part in name for part in TRAINABLE))
        return model.to(self.device)

    def autocast(self, precision):
        return torch.autocast(self.device, dtype=TYPES[precision]) if precision != "fp32" else contextlib.nullcontext()

    def prepared(self, model, way):
        Attention.fused = way != "plain"
        if way != "compile":
            return model
        torch._dynamo.reset()  # else earlier models count against its limit of compilations, after which it runs eagerly
        return torch.compile(model)

    def training(self, way, precision):
        model = self.model(training=True)
        decayed = lambda name, p: p.ndim > 1 and name not in ("temporal_embedding", "cls_token")  # noqa: E731
        trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        groups = [
            {"params": [p for name, p in trained if decayed(name, p)], "weight_decay": DECAY},
            {"params": [p for name, p in trained if not decayed(name, p)], "weight_decay": 0.0},
        ]
        fused = {"fused": True} if self.device == "cuda" else {}
        optimizer = torch.optim.AdamW(groups, lr=LR, betas=(0.9, 0.999), eps=1e-8, **fused)
        run = self.prepared(model, way)
        losses = []

        def step():
            optimizer.zero_grad(set_to_none=True)
            with self.autocast(precision):
                logits, _ = run(self.x, self.a)
                loss = F.cross_entropy(logits.float(), self.labels, label_smoothing=0.1)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())

        return {**self.timed(step), "losses": [loss.item() for loss in losses[:3]]}

    def inference(self, way, precision, weights="fp32"):
        model = self.model(training=False).to(TYPES[weights])
        run = self.prepared(model, way)
        x, a = self.x.to(TYPES[weights]), self.a.to(TYPES[weights])
        seen = []

        def forward():
            with torch.inference_mode(), self.autocast(precision) if weights == "fp32" else contextlib.nullcontext():
                seen[:] = [run(x, a)[0]]

        measured = self.timed(forward)
        return {**measured, "logits": seen[0].float().flatten().tolist()}

    def timed(self, work):
        if self.device == "cuda":
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        times = self.clock.times(work)
        middle = statistics.median(times)
        record = {"milliseconds": middle, "spread": [min(times), max(times)], "repeats": len(times)}
        record["clips_per_second"] = self.batch * 1e3 / middle
        if self.device == "cuda":
            record["peak_bytes"] = torch.cuda.max_memory_allocated()
            record["reserved_bytes"] = torch.cuda.max_memory_reserved()
        return record

    def attention(self, way, precision, over_time):
        """Attention between packed q, k, v and the mixed tokens, in the layout of the tokens: over time that includes PyTorch's transposes."""
        frames, rows = self.config["num_frames"], self.batch * self.config["num_frames"]
        tokens = (self.config["img_size"] // self.config["patch_size"]) ** 2 + (0 if over_time else 1)
        width = self.config["embed_dim"] // 4 if over_time else self.config["embed_dim"]
        heads = 8 if over_time else self.config["num_heads"]
        packed = torch.randn(rows, tokens, 3 * width, device=self.device).to(TYPES[precision]).requires_grad_()
        upstream = torch.randn(rows, tokens, width, device=self.device).to(TYPES[precision])

        def forward():
            qkv = packed
            if over_time:
                qkv = qkv.reshape(-1, frames, tokens, 3 * width).transpose(1, 2).reshape(-1, frames, 3 * width)
            q, k, v = qkv.reshape(*qkv.shape[:2], 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            if way == "sdpa":
                mixed = F.scaled_dot_product_attention(q, k, v)
            else:
                mixed = (q @ k.transpose(-2, -1) * (width // heads) ** -0.5).softmax(dim=-1) @ v
            mixed = mixed.transpose(1, 2).reshape(*qkv.shape[:2], width)
            if over_time:
                mixed = mixed.reshape(-1, tokens, frames, width).transpose(1, 2).reshape(rows, tokens, width)
            return mixed

        both = statistics.median(self.clock.times(lambda: torch.autograd.grad(forward(), packed, upstream)))
        with torch.no_grad():
            alone = statistics.median(self.clock.times(forward))
        return {"forward_milliseconds": alone, "backward_milliseconds": both - alone}

    def ceilings(self):
        """Bytes read and written per second by a large copy, and the rate of large products, as PyTorch reaches them."""
        side, count = (8192, 1 << 28) if self.args.size == "base" else (64, 1 << 12)
        source = torch.ones(count, device=self.device)
        target = torch.empty_like(source)
        record = {"copy_gb_per_second": 2e-6 * 4 * count / statistics.median(self.clock.times(lambda: target.copy_(source)))}
        for precision, dtype in TYPES.items():
            a, b = (torch.randn(side, side, device=self.device).to(dtype) for _ in range(2))
            record[f"product_{precision}_tflops"] = 2e-9 * side**3 / statistics.median(self.clock.times(lambda: a @ b))
        return record

    def items(self):
        """Name and function of everything to measure, what matters most first."""
        ways = ["sdpa", "plain"] if HAS_SDPA else ["plain"]
        yield "ceilings", self.ceilings
        for over_time in (False, True):
            for way in ways:
                name = "attention over " + ("time" if over_time else "tokens")
                yield f"{name}, {way}, bf16", lambda w=way, o=over_time: self.attention(w, "bf16", o)
        compiled = ["compile"] if self.args.compile and HAS_SDPA else []
        for precision in ("bf16", "fp32"):
            for way in ways[:1] + compiled + ways[1:]:
                yield f"training step, {way}, {precision}", lambda w=way, p=precision: self.training(w, p)
                yield f"inference, {way}, {precision}", lambda w=way, p=precision: self.inference(w, p)
        for way in ways[:1] + compiled:
            yield f"inference, {way}, bf16 weights", lambda w=way: self.inference(w, "bf16", "bf16")


def measure(args):
    """Runs the items that OUT has no line of. A line that only says that an item was started means that the process ended in it."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    deadline = time.monotonic() + args.budget
    lines = [json.loads(line) for line in args.measure.read_text().splitlines()] if args.measure.exists() else []
    known = {line.get("item", line.get("started")) for line in lines}
    failed = any(line.get("status") == "failed" for line in lines)
    peer = Peer(args)
    with args.measure.open("a") as out:
        for name, work in peer.items():
            if name in known:
                continue
            if time.monotonic() > deadline:
                return UNFINISHED
            print(json.dumps({"started": name}), file=out, flush=True)
            record = {"item": name, "status": "measured"}
            try:
                record.update(work())
            except Exception as error:  # whatever PyTorch throws at one item must not keep the others from running
                record.update({"status": "failed", "message": f"{type(error).__name__}: {error}".splitlines()[0][:500]})
                failed = True
            print(json.dumps(record), file=out, flush=True)
            print(f"{name}: {record.get('milliseconds', record.get('message', 'measured'))}", flush=True)
            gc.collect()
            if args.device == "cuda":
                torch.cuda.empty_cache()
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", type=pathlib.Path, metavar="CASE_DIR")
    what.add_argument("--measure", type=pathlib.Path, metavar="OUT.jsonl")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", choices=["cpu", "cuda"])
    parser.add_argument("--size", default="base", choices=sorted(SIZES))
    parser.add_argument("--weights", type=pathlib.Path)
    parser.add_argument("--budget", type=float, default=500, help="seconds after which no further item is started")
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    args = parser.parse_args()
    sys.exit(check(args.check, args.device) if args.check else measure(args))


if __name__ == "__main__":
    main()

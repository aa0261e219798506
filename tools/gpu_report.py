"""What tools/gpu-check found, as one JSON file and as Markdown."""

import json
import math
import pathlib

HOME = pathlib.Path(__file__).resolve().parent.parent
STATE, TABLES = "gpu-check.json", "gpu-check.md"
MOST_FAILURES = 40
WAYS = ("sdpa", "compile", "plain")
ELEMENTWISE = ("GELU, forward", "GELU, backward", "residual addition", "conversion from fp32")


# State


def records(lines):
    """Every item with what is known of it; one that was begun and not ended took its process with it."""
    found = {}
    for record in lines.all():
        if "started" in record:
            found.setdefault(record["started"], {"item": record["started"], "status": "failed", "message": "the process ended in it"})
        elif "item" in record:
            found[record["item"]] = record
    return list(found.values())


def failures(lines):
    return [record for record in records(lines) if record.get("status") == "failed"]


def is_plain(record):
    return record.get("status") == "passed" and set(record) <= {"item", "status", "seconds"}


def write(out, lines, facts):
    parts = {}
    for name, part in lines.items():
        all_records = records(part)
        parts[name] = {
            "complete": part.is_complete(),
            "passed": [record["item"] for record in all_records if is_plain(record)],
            "records": [record for record in all_records if not is_plain(record)],
        }
    (out / STATE).write_text(json.dumps({"machine": facts, "parts": parts}, indent=1) + "\n")
    (out / TABLES).write_text("\n".join(markdown(lines, facts)) + "\n")


def unpack(file, lines):
    """Makes the parts' lines from the state where they are missing, as on another machine."""
    if not file.exists():
        return
    for name, part in json.loads(file.read_text())["parts"].items():
        if name in lines and not lines[name].file.exists():
            for item in part["passed"]:
                lines[name].add(started=item)
                lines[name].add(item=item, status="passed")
            for record in part["records"]:
                lines[name].add(started=record["item"])
                lines[name].add(**record)
            if part["complete"]:
                lines[name].add(complete=True)


# Tables


def number(value, digits=3):
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.{digits}g}" if abs(value) < 10 ** digits else f"{value:.0f}"


def percent(value):
    return "-" if value is None else f"{100 * value:.0f} %"


def row(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(*titles):
    return [row(*titles), "|" + "---|" * len(titles)]


def by_name(lines):
    return {record["item"]: record for record in records(lines)}


def summary_rows(lines):
    for name, part in lines.items():
        all_records = records(part)
        count = {status: sum(record.get("status") == status for record in all_records) for status in ("failed", "skipped")}
        state = "complete" if part.is_complete() else "unfinished" if all_records else "not begun"
        yield name, len(all_records), len(all_records) - sum(count.values()), count["failed"], count["skipped"], state


def summary(lines):
    head = f"{'part':12} {'items':>6} {'passed':>7} {'failed':>7} {'skipped':>8}"
    return "\n".join([head, *(f"{n:12} {i:6} {p:7} {f:7} {s:8}  {state}" for n, i, p, f, s, state in summary_rows(lines))])


def kernel_rows(lines):
    peer = by_name(lines["peer"])
    for record in records(lines["kernels"]):
        if "milliseconds" not in record:
            continue
        name, _, kind = record["item"].rpartition(", ")
        base, _, direction = name.rpartition(", ")
        torch = [peer.get(f"{base}, {way}, {kind}", {}).get(f"{direction}_milliseconds") for way in ("sdpa", "plain")]
        yield row(
            name, kind, number(record["milliseconds"]), number(record["stream_milliseconds"]), number(record["gb_per_second"], 4),
            number(record.get("tflops")), record.get("limit", "-"), percent(record.get("of_limit")), *map(number, torch),
        )  # fmt: skip


def gigabytes(value):
    return "-" if value is None else f"{value / 1e9:.2f}"


def throughput_rows(lines):
    ours, peer = by_name(lines["throughput"]), by_name(lines["peer"])
    for name, record in ours.items():
        if "milliseconds" in record:
            spread = "-".join(number(value) for value in record["spread"])
            yield row("this program", name, number(record["milliseconds"], 4), spread, number(record["clips_per_second"], 4),
                      number(record["tflops"]), gigabytes(record.get("peak_bytes")), gigabytes(record.get("reserved_bytes")))  # fmt: skip
    for name, record in peer.items():
        if "clips_per_second" in record:
            spread = "-".join(number(value) for value in record["spread"])
            yield row("PyTorch", name, number(record["milliseconds"], 4), spread, number(record["clips_per_second"], 4), "-",
                      gigabytes(record.get("peak_bytes")), gigabytes(record.get("reserved_bytes")))  # fmt: skip


def ratio(above, below):
    return above / below if above and below else None


def goals(lines):
    """What, measured, wanted, whether met; None where something was not measured."""
    ours, peer, kernels = by_name(lines["throughput"]), by_name(lines["peer"]), by_name(lines["kernels"])

    def milliseconds(found, name, key="milliseconds"):
        return found.get(name, {}).get(key)

    for what in ("training step", "inference"):
        for way, wanted in (("sdpa", 1.5), ("compile", 1.1)):
            value = ratio(milliseconds(peer, f"{what}, {way}, bf16"), milliseconds(ours, f"{what}, bf16"))
            yield f"{what}, bf16, beside PyTorch {way}", value, wanted, "times as fast"
    attention = kernels.get("attention over tokens, forward, bf16", {})
    yield "attention over tokens, forward", attention.get("of_copy"), 0.85, "of the copy bandwidth"
    torch = milliseconds(peer, "attention over tokens, sdpa, bf16", "forward_milliseconds")
    yield "attention over tokens, forward, beside SDPA", ratio(torch, attention.get("milliseconds")), 1.0, "times as fast"
    for direction in ("forward", "backward"):
        torch = [milliseconds(peer, f"attention over time, {way}, bf16", f"{direction}_milliseconds") for way in ("sdpa", "plain")]
        fastest = min((value for value in torch if value), default=None)
        value = ratio(fastest, milliseconds(kernels, f"attention over time, {direction}, bf16"))
        yield f"attention over time, {direction}, beside PyTorch's faster way", value, 5.0, "times as fast"
    for name in ELEMENTWISE:
        yield name, kernels.get(f"{name}, bf16", {}).get("of_copy"), 0.85, "of the copy bandwidth"
    memory = ratio(milliseconds(peer, "training step, sdpa, bf16", "peak_bytes"), milliseconds(ours, "training step, bf16", "peak_bytes"))
    yield "peak memory of a training step, PyTorch sdpa beside ours", memory, 1 / 0.6, "times as much"


def distance(ours, truth):
    if not ours or len(ours) != len(truth):
        return float("nan")
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(ours, truth)) / sum(b * b for b in truth))


def agreement(lines, size):
    """What, relative error, limit: that this program and its peer computed the same thing."""
    ours, peer = by_name(lines["throughput"]), by_name(lines["peer"])
    names = {kind: f"inference, {kind}" for kind in ("fp32", "bf16")}
    logits = {kind: ours.get(name, {}).get("logits") for kind, name in names.items()}
    if size == "base" and logits["fp32"]:
        # Input formulas run over clips first, so the first clip is the one of which the float64 result is stored.
        exact = json.loads((HOME / "bench" / "reference" / "s2d_base.json").read_text())["logits"]
        for kind, limit in (("fp32", 2e-5), ("bf16", 5e-2)):
            if logits[kind]:
                yield f"logits of one clip in {kind}, against float64", distance(logits[kind][: len(exact)], exact), limit
    way = next((way for way in WAYS if "logits" in peer.get(f"inference, {way}, fp32", {})), None)
    if way is None:
        return
    exact, low = (peer.get(f"inference, {way}, {kind}", {}).get("logits") for kind in ("fp32", "bf16"))
    if logits["fp32"]:
        yield "logits of the batch in fp32, against PyTorch", distance(logits["fp32"], exact), 2e-5
    if logits["bf16"] and low:
        yield "logits of the batch in bf16, against PyTorch in fp32 (limit: twice PyTorch's own error)", distance(
            logits["bf16"], exact
        ), 2 * distance(low, exact)
    for kind, limit in (("fp32", 1e-5), ("bf16", 1e-2)):
        losses = ours.get(f"training step, {kind}", {}).get("losses")
        other = peer.get(f"training step, {way}, {kind}", {}).get("losses")
        if losses and other:
            yield f"losses of the first steps in {kind}, against PyTorch", distance(losses, other), limit


def disagreements(lines, size):
    return [what for what, error, limit in agreement(lines, size) if not error <= limit]


def markdown(lines, facts):
    text = ["# GPU check", "", *machine(facts), ""]
    text += [*table("part", "items", "passed or measured", "failed", "skipped", "state"), *(row(*cells) for cells in summary_rows(lines))]
    checked = list(agreement(lines, facts.get("size")))
    if checked:
        text += ["", "## The same results?", "", *table("what", "relative error", "limit", "")]
        text += [row(what, f"{error:.1e}", f"{limit:.1e}", "" if error <= limit else "FAIL") for what, error, limit in checked]
    if facts.get("device") == "cuda" and facts.get("size") == "base":
        text += ["", "## Goals", "", "Stated for an H200; measured in this run.", "", *table("goal", "measured", "wanted", "")]
        for what, value, wanted, unit in goals(lines):
            verdict = "not measured" if value is None else "met" if value >= wanted else "missed"
            text.append(row(what, number(value), f"at least {number(wanted)} {unit}", verdict))
    text += ["", "## Training steps and inference", "", "Milliseconds are medians; memory in GB, of tensors and as taken from the driver.", ""]
    text += [*table("by", "what", "ms", "spread", "clips/s", "TFLOP/s", "peak", "reserved"), *throughput_rows(lines)]
    text += ["", "## Kernels", "", "Times are those of a graph where the call can be captured, else of calls one by one; part of the limit: the least time", ""]
    text[-2] += " that a copy of the same bytes and a large product of the same operations would take, over the time taken."
    titles = ("kernel", "type", "ms", "ms one by one", "GB/s", "TFLOP/s", "limit", "reached", "PyTorch SDPA ms", "PyTorch plain ms")
    text += [*table(*titles), *kernel_rows(lines)]
    text += ["", "## compute-sanitizer", "", *table("tool", "", "found")]
    text += [row(record["item"], record["status"], record["message"]) for record in records(lines["sanitize"])]
    return text + failed_rows(lines)


def failed_rows(lines):
    failed = [(name, record) for name, part in lines.items() for record in failures(part)]
    text = ["", "## Failures", ""]
    if not failed:
        return [*text, "None."]
    text += table("part", "item", "message")
    clean = [(name, record["item"], record.get("message", "").replace("|", "\\|")) for name, record in failed]
    text += [row(*cells) for cells in clean[:MOST_FAILURES]]
    return text + ([f"\n{len(failed) - MOST_FAILURES} more are in {STATE}."] if len(failed) > MOST_FAILURES else [])


def machine(facts):
    yield f"{facts.get('date')}, device `{facts.get('device')}`, size `{facts.get('size')}`, {facts.get('processor')}, {facts.get('cores')} cores."
    if facts.get("nvidia_smi"):
        yield f"GPU, driver, memory, highest clocks: {facts['nvidia_smi']}."
    libraries = [f"{name} {version or ''}".strip() for name, version in facts.get("libraries", {}).items()]
    yield "Libraries: " + (", ".join(libraries) or facts.get("problem", "none")) + "."

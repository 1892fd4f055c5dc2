"""Where the ticks of a plot stand and how values are written."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "ratio", "percent", "bytes", "rate"]
Ticks = list[tuple[float, str]]

_SIZES = ("B", "kB", "MB", "GB", "TB")
_RATIOS = ("acc", "auc", "f1", "precision", "recall", "dice", "iou", "sensitivity", "specificity")
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


def kind_of(metric: str) -> Kind:
    """Return how a metric's values are written, by its name."""
    words = metric.lower().replace("-", "_").split("_")
    return "ratio" if any(word.startswith(_RATIOS) for word in words) else "number"


def bytes_text(size: float) -> str:
    """Return a size for people: 16.4 kB."""
    value, place = float(size), 0
    while abs(value) >= 999.5 and place < len(_SIZES) - 1:
        value, place = value / 1000, place + 1
    digits = 0 if place == 0 or abs(value) >= 100 else 1
    return f"{value:.{digits}f} {_SIZES[place]}"


def value_text(value: float, kind: Kind) -> str:
    """Return a value as it stands beside a curve: 95.9 %, 0.120, 16.4 kB."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if kind == "ratio" and -0.0005 <= value <= 1.0005:
        return f"{value * 100:.1f} %"
    if kind == "percent":
        return f"{value:.0f} %"
    if kind in {"bytes", "rate"}:
        return bytes_text(value) + ("/s" if kind == "rate" else "")
    size = abs(value)
    if size and (size < 0.001 or size >= 1e6):
        return f"{value:.2e}"
    if size >= 100:
        return f"{value:.0f}" if size >= 1000 else f"{value:.1f}"
    return f"{value:.3f}"


def nice_step(span: float, count: int) -> float:
    """Return the step of 1, 2 or 5 times a power of ten that makes about `count` ticks."""
    raw = span / max(1, count)
    power = 10.0 ** math.floor(math.log10(raw))
    for factor in (1.0, 2.0, 2.5, 5.0, 10.0):
        if factor * power >= raw * 0.999:
            return factor * power
    return 10.0 * power


@dataclass(frozen=True)
class Scale:
    """The range of an axis and its ticks."""

    lowest: float
    highest: float
    ticks: Ticks


def value_scale(lowest: float, highest: float, kind: Kind, count: int = 4) -> Scale:
    """Return a range that holds all values, ends at ticks where it can, and its labels."""
    if kind == "percent":
        lowest, highest = min(0.0, lowest), max(100.0, highest)
    elif kind in {"bytes", "rate"}:
        lowest = min(0.0, lowest)
    size = max(abs(lowest), abs(highest))
    if size < 1e-12 or highest - lowest < 1e-9 * size:
        pad = size * 0.1 if size >= 1e-12 else 0.5
        lowest, highest = lowest - pad, highest + pad
    step = _step(highest - lowest, kind, count)
    first = math.floor(lowest / step + 1e-9)
    last = math.ceil(highest / step - 1e-9)
    values = [number * step for number in range(first, last + 1)]
    if kind == "ratio" and highest <= 1.0 + 1e-9:
        values = [value for value in values if value <= 1.0 + 1e-9]
    top = max(values[-1], highest)
    label = _label(step, kind, highest)
    bottom = min(values[0], lowest)
    return Scale(bottom, top + 0.07 * (top - bottom), [(v, label(v)) for v in values])


def _step(span: float, kind: Kind, count: int) -> float:
    if kind == "percent":
        return max(nice_step(span, count), 25.0) if span <= 110 else nice_step(span, count)
    return nice_step(span, count)


def _label(step: float, kind: Kind, highest: float) -> Callable[[float], str]:
    if kind == "ratio" and highest <= 1.0 + 1e-9:
        digits = max(0, -math.floor(math.log10(step * 100) + 1e-9))
        return lambda value: f"{value * 100:.{digits}f} %"
    if kind == "percent":
        return lambda value: f"{value:.0f} %"
    if kind in {"bytes", "rate"}:
        end = "/s" if kind == "rate" else ""
        return lambda value: bytes_text(value).replace(".0 ", " ") + end
    if highest >= 1e5 or step < 1e-6:
        return lambda value: f"{value:.3g}"
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if step * 10**digits % 1 > 1e-6:  # a step of 2.5
        digits += 1
    return lambda value: f"{value:.{digits}f}"


def log_scale(lowest: float, highest: float) -> Scale:
    """Return a range in powers of ten; ticks are placed at their logarithm."""
    low, high = math.log10(lowest), math.log10(highest)
    if high - low < 0.2:
        low, high = low - 0.1, high + 0.1
    factors = (1, 2, 5) if high - low < 3 else (1,)
    stride = max(1, math.ceil((high - low) / 6))
    ticks = []
    for power in range(math.floor(low), math.ceil(high) + 1):
        if power % stride == 0:
            ticks += [(math.log10(f) + power, f"{f * 10.0**power:g}") for f in factors]
    pad = 0.04 * (high - low)
    inside = [tick for tick in ticks if low - pad <= tick[0] <= high + pad]
    return Scale(low - pad, high + pad, inside)


def round_scale(last: float, planned: int | None) -> Scale:
    """Return the axis of rounds, with room for the next ones and none beyond the plan."""
    reach = max(2.0, last)
    power = 10.0 ** math.floor(math.log10(max(1.0, reach / 5)))
    step = next(f * power for f in (1.0, 2.0, 5.0, 10.0) if f * power >= reach / 5 * 0.999)
    end = math.ceil(reach / step) * step
    if planned is not None and planned >= last:
        end = min(end, max(2.0, float(planned)))
    values = [1.0, *(step * number for number in range(1, int(end // step) + 1))]
    ticks = [(value, f"{value:.0f}") for value in values if value != 1.0 or step > 1.0 or end <= 8]
    unique = sorted(dict(ticks).items())
    if unique[0][0] > 1.0:
        unique.insert(0, (1.0, "1"))
    pad = (end - 1.0) * 0.025
    return Scale(1.0 - pad, end + pad, unique)


def elapsed_scale(last_s: float) -> Scale:
    """Return the axis of time since the start."""
    end = max(1.0, last_s)
    step = next((s for s in _STEPS_S if end / s <= 5), _STEPS_S[-1])
    ticks = [(float(at), _span(at)) for at in range(0, int(end) + 1, step)]
    return Scale(-0.02 * end, end * 1.02, ticks)


def bytes_scale(last: float) -> Scale:
    """Return the axis of bytes sent since the start."""
    end = max(1.0, last)
    step = nice_step(end, 5)
    places = [step * number for number in range(int(end / step) + 1)]
    ticks = [(at, bytes_text(at).replace(".0 ", " ")) for at in places]
    return Scale(-0.02 * end, end * 1.02, ticks)


def ago_scale(window_s: float, now: float) -> Scale:
    """Return the axis of the last seconds, up to now."""
    step = next((s for s in _STEPS_S if window_s / s <= 4), _STEPS_S[-1])
    places = list(range(step, int(window_s * 0.97), step))
    texts = [_span(at) for at in places]
    # The unit stands at the oldest tick only, where all have the same.
    alike = len({text.split()[1] for text in texts}) == 1
    labels = ["−" + (text.split()[0] if alike else text) for text in texts[:-1]]
    labels += ["−" + text for text in texts[-1:]]
    ticks = [(now - at, label) for at, label in zip(places, labels, strict=True)]
    return Scale(now - window_s, now + 0.07 * window_s, [*reversed(ticks), (now, "now")])


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        minutes = seconds / 60
        return f"{minutes:.0f} min" if minutes == int(minutes) else f"{minutes:.1f} min"
    hours = seconds / 3600
    return f"{hours:.0f} h" if hours == int(hours) else f"{hours:.1f} h"


def clock(at: float) -> str:
    """Return the time of day with seconds."""
    return time.strftime("%H:%M:%S", time.localtime(at))

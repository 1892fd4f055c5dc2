"""From the metrics of apps to the points of curves: names, numbers, and what is left out."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

WEIGHTS = ("num-examples", "num_examples", "num-samples", "num_samples")
SAYS_ITSELF = ("train", "test", "eval", "val", "valid", "validation", "central", "query")
LIST_LIMIT = 32


def curve_name(key: str, phase: str) -> str:
    """Return a metric's curve: the phase stands before it unless the key says it already."""
    name = "_".join(part for part in key.replace("-", "_").replace("/", "_").split() if part)
    if name.split("_", maxsplit=1)[0].lower() in SAYS_ITSELF:
        return name
    return f"{phase_name(phase)}_{name}"


def phase_name(phase: str) -> str:
    """Return the short name of a message type: train, eval, query."""
    kind = phase.split(".", maxsplit=1)[0]
    return {"evaluate": "eval"}.get(kind, kind) or "train"


def numbers(values: Mapping[str, Any], phase: str) -> tuple[dict[str, float], list[str]]:
    """Return curves and values of an app's metrics, and the names that are NaN or infinite."""
    good: dict[str, float] = {}
    bad: list[str] = []
    for key, value in _scalars(values):
        if key in WEIGHTS:
            continue
        name = curve_name(key, phase)
        if math.isfinite(value):
            good[name] = value
        else:
            bad.append(name)
    return good, bad


def _scalars(values: Mapping[str, Any]) -> Iterable[tuple[str, float]]:
    for key, value in values.items():
        if isinstance(value, bool | int | float):
            yield key, _number(value)
        elif isinstance(value, list) and len(value) <= LIST_LIMIT:
            for index, item in enumerate(value):
                if isinstance(item, bool | int | float):
                    yield f"{key}_{index}", _number(item)


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def points(
    values: Mapping[str, float], *, round_number: int | None, scope: str, step: int | None = None
) -> list[dict[str, Any]]:
    """Return the records of a METRICS frame."""
    at = time.time()
    return [
        {
            "key": key,
            "value": value,
            "round": round_number,
            "step": (round_number or 0) if step is None else step,
            "at": at,
            "scope": scope,
        }
        for key, value in values.items()
    ]


def weighted_mean(parts: Iterable[tuple[float, Mapping[str, float]]]) -> dict[str, float]:
    """Return the mean of several silos' metrics by the weights that they gave."""
    totals: dict[str, float] = {}
    weights: dict[str, float] = {}
    for weight, values in parts:
        for key, value in values.items():
            totals[key] = totals.get(key, 0.0) + weight * value
            weights[key] = weights.get(key, 0.0) + weight
    return {key: totals[key] / weights[key] for key in totals if weights[key] > 0}

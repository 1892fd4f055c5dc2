"""What a database can hold: checked on arrival, so that one odd value never blocks a stream."""

from __future__ import annotations

import math
from typing import Any

LARGEST = 2**53
LARGEST_ROUND = 2**31 - 1
_ROUNDS = frozenset({"round", "rounds", "epoch", "rank", "asked", "answered"})


def fits(value: Any, name: str = "") -> bool:
    """Return whether all numbers and texts of a plain value can be stored in every database."""
    if isinstance(value, str):
        return "\x00" not in value
    if isinstance(value, bool) or value is None:
        return True
    if isinstance(value, int):
        return abs(value) <= (LARGEST_ROUND if name in _ROUNDS else LARGEST)
    if isinstance(value, dict):
        return all(fits(key) and fits(item, str(key)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(fits(item) for item in value)
    return True


def finite(value: Any) -> Any:
    """Return a plain value without NaN and infinity, which JSON cannot say: None instead."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return value


def finite_only(values: dict[str, float]) -> dict[str, float]:
    """Return the finite numbers of a mapping."""
    return {key: value for key, value in values.items() if math.isfinite(value)}

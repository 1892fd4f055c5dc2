"""Flatten nested config tables under one budget."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from agent_core.errors import PackageError

VALUE_LIMIT = 5_000
DEPTH_LIMIT = 10


def flatten(table: Mapping[Any, Any]) -> dict[str, Any]:
    """Return nested tables as one, with keys joined by dots; raises PackageError."""
    return Flattener().flat(table)


class Flattener:
    """One budget over all values: an alias in YAML repeats a value without writing it again."""

    def __init__(self) -> None:
        self._left = VALUE_LIMIT

    def flat(self, table: Mapping[Any, Any], prefix: str = "", depth: int = 1) -> dict[str, Any]:
        """Return a table flattened; raises PackageError once the budget is spent."""
        found: dict[str, Any] = {}
        for key, value in table.items():
            name = f"{prefix}{key}"
            if isinstance(value, dict) and depth < DEPTH_LIMIT:
                self._spend()
                found.update(self.flat(value, f"{name}.", depth + 1))
            else:
                found[name] = self._plain(value, depth)
        return found

    def _plain(self, value: Any, depth: int) -> Any:
        self._spend()
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, list) and depth < DEPTH_LIMIT:
            return [self._plain(item, depth + 1) for item in value]
        if isinstance(value, dt.date | dt.time):
            return value.isoformat()
        raise too_large()

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise too_large()


def too_large() -> PackageError:
    """Return the error for a config over the limits."""
    return PackageError(
        "The package's config is too large or too deep, or holds something else than values.",
        next_step=f"Keep to {VALUE_LIMIT} values and {DEPTH_LIMIT} levels of numbers and texts.",
        code="package.config",
    )

"""What the hub counts, for /metrics and for its log: plain numbers, safe from any thread."""

from __future__ import annotations

import threading
from collections import defaultdict

import structlog

_log = structlog.get_logger("hub")

Labels = tuple[tuple[str, str], ...]


class Counters:
    """Numbers by name and labels."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[str, Labels], float] = defaultdict(float)
        self._told: set[tuple[str, int]] = set()

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a number."""
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            self._values[key] += amount

    def value(self, name: str, **labels: str) -> float:
        """Return a number."""
        with self._lock:
            return self._values.get((name, tuple(sorted(labels.items()))), 0.0)

    def total(self, name: str) -> float:
        """Return the sum of a number over all its labels."""
        with self._lock:
            return sum(value for (known, _), value in self._values.items() if known == name)

    def refused(self, reason: str, edge_id: int, detail: str = "") -> None:
        """Count a refused message; log the first of each reason and sender."""
        self.add("silodesk_refused_total", reason=reason)
        with self._lock:
            is_news = (reason, edge_id) not in self._told and len(self._told) < 10_000
            self._told.add((reason, edge_id))
        if is_news:
            _log.warning("message refused", reason=reason, edge_id=edge_id, detail=detail[:300])

    def text(self) -> str:
        """Return all numbers in Prometheus's text form."""
        with self._lock:
            items = sorted(self._values.items())
        lines: list[str] = []
        last = ""
        for (name, labels), value in items:
            if name != last:
                kind = "counter" if name.endswith("_total") else "gauge"
                lines.append(f"# TYPE {name} {kind}")
                last = name
            inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
            lines.append(f"{name}{{{inner}}} {value:g}" if inner else f"{name} {value:g}")
        return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

"""System figures of each device: percent, bytes and rates over time, gaps kept as gaps."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from app.i18n import mark
from app.widgets.curve_plot_series import Floats, Series
from app.widgets.curve_plot_ticks import Kind


class Figure(NamedTuple):
    """One plot of the system tab."""

    key: str
    title: str
    kind: Kind
    note: str


FIGURES: tuple[Figure, ...] = (
    Figure("cpu", mark("CPU"), "percent", mark("whole machine")),
    Figure("memory", mark("Memory"), "percent", mark("of the machine")),
    Figure("job_rss", mark("Job memory"), "bytes", mark("resident")),
    Figure("job_cpu", mark("Job CPU"), "percent", mark("of one core")),
    Figure("sent", mark("Sent"), "rate", mark("whole machine")),
    Figure("received", mark("Received"), "rate", mark("whole machine")),
    Figure("disk", mark("Disk free"), "bytes", mark("for jobs")),
    Figure("gpu", "GPU", "percent", ""),
    Figure("gpu_memory", mark("GPU memory"), "bytes", mark("used")),
    Figure("gpu_temperature", mark("GPU temperature"), "number", "°C"),
)
# More time between two samples than this many usual intervals is a gap.
GAP_INTERVALS = 2.5
_FIELDS = ("at", "cpu_percent", "memory_used", "memory_total", "job_rss", "job_cpu_percent",
           "net_sent", "net_received", "gpu_percent", "gpu_temperature",
           "disk_free", "gpu_memory_used")  # fmt: skip


def parse_system(items: list[dict[str, Any]]) -> dict[int, Floats]:
    """Return each device's samples as a table with one column a field; NaN is a gap."""
    rows: dict[int, list[list[float]]] = defaultdict(list)
    for item in items:
        values = [item.get(name) for name in _FIELDS]
        rows[int(item["edge_id"])].append(
            [float("nan") if value is None else float(value) for value in values]
        )
    return {edge_id: np.array(table, np.float64) for edge_id, table in rows.items()}


class SystemBook:
    """Keep one series for each figure and device."""

    def __init__(self) -> None:
        self.series: dict[str, dict[int, Series]] = {figure.key: {} for figure in FIGURES}
        self.gaps: dict[int, list[tuple[float, float]]] = defaultdict(list)
        self.last_at: dict[int, float] = {}
        self.samples = 0
        self._counters: dict[int, tuple[float, float, float]] = {}
        self._interval: dict[int, float] = {}

    def add(self, tables: dict[int, Floats]) -> None:
        """Append samples."""
        for edge_id, table in tables.items():
            self._add_device(edge_id, table)
            self.samples += len(table)

    def _add_device(self, edge_id: int, table: Floats) -> None:
        at = table[:, 0]
        previous = self.last_at.get(edge_id)
        times = at if previous is None else np.concatenate([[previous], at])
        if len(times) > 1 and edge_id not in self._interval:
            self._interval[edge_id] = max(0.5, _median(np.diff(times)))
        usual = self._interval.get(edge_id, 5.0)
        steps = np.diff(times)
        wide = np.flatnonzero(steps > GAP_INTERVALS * usual)
        # Where in the table a gap comes before the sample.
        shift = 0 if previous is not None else 1
        before = wide + shift
        for place in wide:
            self.gaps[edge_id].append((float(times[place]), float(times[place + 1])))
        sent = self._rate(edge_id, table, 6)
        received = self._rate(edge_id, table, 7)
        self._counters[edge_id] = (float(at[-1]), float(table[-1, 6]), float(table[-1, 7]))
        with np.errstate(invalid="ignore", divide="ignore"):
            memory = table[:, 2] / table[:, 3] * 100
        values = {
            "cpu": table[:, 1],
            "memory": memory,
            "job_rss": table[:, 4],
            "job_cpu": table[:, 5],
            "sent": sent,
            "received": received,
            "gpu": table[:, 8],
            "gpu_temperature": table[:, 9],
            "disk": table[:, 10],
            "gpu_memory": table[:, 11],
        }
        x = np.insert(at, before, times[wide] + usual) if len(wide) else at
        for key, column in values.items():
            series = self.series[key].setdefault(edge_id, Series())
            series.append(x, np.insert(column, before, np.nan) if len(wide) else column)
        self.last_at[edge_id] = float(at[-1])

    def _rate(self, edge_id: int, table: Floats, column: int) -> Floats:
        """Return bytes a second from a counter; where it starts anew there is a gap."""
        known = self._counters.get(edge_id)
        first_at, first = (known[0], known[column - 5]) if known else (np.nan, np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            passed = np.diff(np.concatenate([[first_at], table[:, 0]]))
            moved = np.diff(np.concatenate([[first], table[:, column]]))
            rate = moved / passed
        return np.where((rate >= 0) & (passed > 0), rate, np.nan)

    def has_values(self, key: str) -> bool:
        """Return whether any device reports a figure."""
        return any(np.isfinite(one.y).any() for one in self.series[key].values())

    def latest(self, key: str, edge_id: int) -> float | None:
        """Return a device's newest value, or None where it is a gap."""
        series = self.series[key].get(edge_id)
        if series is None or not len(series):
            return None
        value = float(series.y[-1])
        return value if np.isfinite(value) else None


def _median(values: Floats) -> float:
    """Return the median; numpy's own imports masked arrays first, which takes 15 ms."""
    ordered, count = np.sort(values), len(values)
    return float(ordered[(count - 1) // 2 : count // 2 + 1].mean())

"""The points of all curves, and the series a plot draws from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from app.i18n import tr
from app.pages.runs.wording import metric_rank
from app.widgets.curve_plot_series import Column, Floats, Numbers, Series
from app.widgets.round_book import RoundBook

XAxis = Literal["round", "time", "step", "bytes"]
GLOBAL = 0  # the edge id under which the server reports global metrics


class Batch(NamedTuple):
    """New points of one curve; a round that was not told is NaN."""

    key: str
    edge_id: int
    rounds: Floats
    steps: Floats
    times: Floats
    values: Floats


def parse_metrics(items: list[dict[str, Any]]) -> list[Batch]:
    """Return points by curve, ready to be appended."""
    grouped: dict[tuple[str, int], list[tuple[float, float, float, float]]] = defaultdict(list)
    for item in items:
        number = item.get("round")
        value = item.get("value")
        grouped[str(item["key"]), int(item["edge_id"])].append(
            (
                float("nan") if number is None else float(number),
                float(item.get("step") or 0),
                float(item["at"]),
                float("nan") if value is None else float(value),
            )
        )
    batches = []
    for (key, edge_id), points in grouped.items():
        table = np.array(points, np.float64)
        batches.append(Batch(key, edge_id, table[:, 0], table[:, 1], table[:, 2], table[:, 3]))
    return batches


@dataclass
class Curve:
    """All points of one metric of one device."""

    key: str
    edge_id: int

    def __post_init__(self) -> None:
        self.rounds, self.times = Numbers(), Numbers()
        self.values = Column()
        self.series = Series()
        self.is_ascending = True  # every point tells a round, none an earlier one
        self.has_steps = False  # several points of one round
        self._steps: Numbers | None = None  # kept from the first point on that tells one

    def extend(self, batch: Batch) -> None:
        """Keep more points; they are not laid along any axis yet."""
        first = len(self.values)
        joined = np.concatenate([self.rounds.values[-1:], batch.rounds])
        # A missing round is NaN, and compares as false.
        self.has_steps |= bool(np.any(joined[1:] == joined[:-1]))
        self.is_ascending &= bool(np.all(joined[1:] >= joined[:-1])) and not np.isnan(joined).any()
        self.rounds.extend(batch.rounds)
        self.times.extend(batch.times)
        self.values.extend(batch.values)
        if self._steps is None and batch.steps.any():
            self._steps = Numbers()
            self._steps.extend(np.zeros(first))
        if self._steps is not None:
            self._steps.extend(batch.steps)

    def points(self, first: int = 0) -> Batch:
        """Return all points from one on, as they came; they stay as they are."""
        rounds = self.rounds.values[first:]
        return Batch(
            self.key,
            self.edge_id,
            rounds,
            np.zeros(len(rounds)) if self._steps is None else self._steps.values[first:],
            self.times.values[first:],
            self.values.values[first:],
        )

    def share(self, axis: XAxis) -> None:
        """Let the laid series use the points' own columns, where they are the same."""
        if axis == "round" and self.is_ascending:
            self.series.share(self.rounds, self.values)

    def x_of(
        self, batch: Batch, first: int, axis: XAxis, origin: float, sent: Floats | None = None
    ) -> Floats:
        """Return where a batch's points lie on an axis; `first` is the number of earlier ones.

        `sent` are the bytes sent up to the end of each round, from round 0 on.
        """
        if axis == "time":
            return batch.times - origin
        if axis == "bytes":
            known = sent if sent is not None else np.zeros(1)
            place = np.nan_to_num(batch.rounds, nan=-1.0).astype(np.int64)
            inside = (place >= 0) & (place < len(known))
            return np.where(inside, known[np.where(inside, place, 0)], np.nan)
        number = np.arange(first + 1, first + 1 + len(batch.values), dtype=np.float64)
        if axis == "step":
            return np.where(batch.steps > 0, batch.steps, number)
        fallback = np.where(batch.steps > 0, batch.steps, number)
        return np.where(np.isnan(batch.rounds), fallback, batch.rounds)


class Layout(NamedTuple):
    """All points up to a moment, to be laid along an axis; `laid` runs on any thread."""

    axis: XAxis
    origin: float
    sent: Floats
    smoothing: float
    parts: list[tuple[Curve, Batch]]

    def laid(self) -> list[tuple[Curve, Series, int]]:
        """Return each curve's series along the axis, and how many of its points it covers."""
        made = []
        for curve, whole in self.parts:
            fresh = Series()
            fresh.set_smoothing(self.smoothing)
            _lay(fresh, curve.x_of(whole, 0, self.axis, self.origin, self.sent), whole.values)
            made.append((curve, fresh, len(whole.values)))
        return made


def _lay(series: Series, x: Floats, values: Floats) -> None:
    """Append points; a round whose bytes are not known yet waits for them."""
    known = np.isfinite(x)
    if known.all():
        series.append(x, values)
    else:
        series.append(x[known], values[known])


class MetricBook:
    """Keep every point that came, and one series a curve for the chosen x axis."""

    def __init__(self) -> None:
        self.axis: XAxis = "round"
        self.origin = 0.0
        self.smoothing = 0.0
        self.sent: Floats = np.zeros(1)
        self.points = 0
        self._curves: dict[str, dict[int, Curve]] = {}

    def add(self, batches: list[Batch]) -> bool:
        """Append points; return whether a curve is new."""
        is_new = False
        for batch in batches:
            curves = self._curves.setdefault(batch.key, {})
            curve = curves.get(batch.edge_id)
            if curve is None:
                is_new = True
                curve = curves[batch.edge_id] = Curve(batch.key, batch.edge_id)
                curve.series.set_smoothing(self.smoothing)
                curve.share(self.axis)
            first = len(curve.values)
            curve.extend(batch)
            self._lay(curve, batch, first)
            self.points += len(batch.values)
        return is_new

    def _lay(self, curve: Curve, batch: Batch, first: int) -> None:
        """Append points that the curve has got to its series, along the axis."""
        if curve.series.shares(curve.values):
            if curve.is_ascending:
                curve.series.grew(first)
                return
            curve.series.part(first)
        x = curve.x_of(batch, first, self.axis, self.origin, self.sent)
        _lay(curve.series, x, batch.values)

    def set_sent(self, rounds: RoundBook) -> bool:
        """Learn the bytes of closed rounds; return whether they are new.

        Along their axis the curves have to be laid anew then, by `layout` and `adopt`.
        """
        sent = np.full(1 + rounds.last, np.nan)
        sent[0] = 0.0
        sent[rounds.numbers] = rounds.bytes_up
        total = np.where(np.isnan(sent), np.nan, np.nancumsum(sent))
        if np.array_equal(total, self.sent, equal_nan=True):
            return False
        self.sent = total
        return True

    def metrics(self) -> list[str]:
        """Return the metrics, accuracy and loss first."""
        return sorted(self._curves, key=metric_rank)

    def curves(self, key: str) -> dict[int, Curve]:
        """Return a metric's curves by edge id."""
        return self._curves.get(key, {})

    def edges(self) -> set[int]:
        """Return every edge id that has a curve."""
        return {edge for curves in self._curves.values() for edge in curves}

    def has_steps(self) -> bool:
        """Return whether any curve has several points a round."""
        return any(curve.has_steps for curve in self._all())

    def set_axis(self, axis: XAxis, origin: float) -> None:
        """Lay all points along another axis."""
        if (axis, origin) == (self.axis, self.origin):
            return
        layout = self.layout(axis, origin)
        self.adopt(layout, layout.laid())

    def layout(self, axis: XAxis, origin: float) -> Layout:
        """Return what another thread needs to lay all points so far along an axis."""
        parts = [(curve, curve.points()) for curve in self._all()]
        return Layout(axis, origin, self.sent, self.smoothing, parts)

    def adopt(self, layout: Layout, made: list[tuple[Curve, Series, int]]) -> None:
        """Show what was laid along its axis, with the points that came meanwhile."""
        self.axis, self.origin = layout.axis, layout.origin
        laid = {id(curve): (series, count) for curve, series, count in made}
        for curve in self._all():
            series, count = laid.get(id(curve), (Series(), 0))
            series.set_smoothing(self.smoothing)
            curve.series = series
            if len(curve.values) > count:
                self._lay(curve, curve.points(count), count)
            curve.share(self.axis)

    def set_smoothing(self, weight: float) -> None:
        """Smooth all curves with another weight."""
        self.smoothing = weight
        for curve in self._all():
            curve.series.set_smoothing(weight)

    def series(self) -> list[Series]:
        """Return all series, for another thread to smooth."""
        return [curve.series for curve in self._all()]

    def last_x(self) -> float:
        """Return the largest x of all curves."""
        return max((float(c.series.x[-1]) for c in self._all() if len(c.series)), default=0.0)

    def _all(self) -> Iterator[Curve]:
        for curves in self._curves.values():
            yield from curves.values()

    def latest(self, key: str, sites: set[int]) -> tuple[str, float] | None:
        """Return whose value stands beside a plot's title, and the value."""
        curves = self.curves(key)
        if GLOBAL in curves and len(curves[GLOBAL].values):
            return tr("global"), float(curves[GLOBAL].values.values[-1])
        last = [
            float(c.values.values[-1]) for e, c in curves.items() if e in sites and len(c.values)
        ]
        finite = [value for value in last if np.isfinite(value)]
        return (tr("mean of sites"), sum(finite) / len(finite)) if finite else None

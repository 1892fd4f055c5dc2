"""Growing curves: float64 columns, smoothing, and extremes kept so that no spike is lost."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from app.widgets.curve_plot_column import Column, Ints
from app.widgets.curve_plot_numbers import Floats, Numbers

_NEGLIGIBLE = 1e-12  # weight below which an older point no longer moves a smoothed one


def smooth(values: Floats, weight: float) -> Floats:
    """Return the exponential moving average, corrected for its start; gaps stay gaps.

    1 / (1 - w z) is the product of (1 + w^(2^k) z^(2^k)), so a few vector steps replace the
    loop over points.
    """
    if weight <= 0.0 or len(values) == 0:
        return values.copy()
    known = np.isfinite(values)
    sums = np.where(known, values, 0.0)
    weights = known.astype(np.float64)
    factor, reach = weight, 1
    while factor > _NEGLIGIBLE and reach < len(values):
        sums[reach:] += factor * sums[:-reach]
        weights[reach:] += factor * weights[:-reach]
        factor, reach = factor * factor, reach * 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known, sums / weights, np.nan)


def reach_of(weight: float) -> int:
    """Return how many points back a smoothed point still looks."""
    if weight <= 0.0:
        return 0
    return math.ceil(math.log(_NEGLIGIBLE) / math.log(min(weight, 0.999)))


class Series:
    """Hold one curve: ascending x, raw values, and the smoothed ones once asked for."""

    def __init__(self) -> None:
        self._x = Numbers()
        self.raw = Column()
        self.smoothed = self.raw  # one column, as long as nothing is smoothed
        self.weight = 0.0

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.raw)

    @property
    def x(self) -> Floats:
        """Return the x values, ascending."""
        return self._x.values

    @property
    def y(self) -> Floats:
        """Return the raw values."""
        return self.raw.values

    def append(self, x: Floats, y: Floats) -> None:
        """Add points; points that lie before the last one are put where they belong."""
        if len(x) == 0:
            return
        before = len(self)
        ordered = bool(np.all(x[1:] >= x[:-1])) and (before == 0 or x[0] >= self.x[-1])
        if ordered:
            self._x.extend(x)
            self.raw.extend(y)
            self._smooth_from(before)
            return
        all_x = np.concatenate([self.x, x])
        all_y = np.concatenate([self.y, y])
        order = np.argsort(all_x, kind="stable")
        self._x.replace(all_x[order])
        self.raw.replace(all_y[order])
        if self.smoothed is not self.raw:
            self.smoothed.replace(smooth(self.y, self.weight))

    # --- columns that somebody else keeps ---
    def share(self, x: Numbers, raw: Column) -> None:
        """Draw columns with the same points as this one's, and keep none of its own."""
        if self.smoothed is self.raw:
            self.smoothed = raw
        self._x, self.raw = x, raw

    def shares(self, raw: Column) -> bool:
        """Return whether the values are kept there."""
        return self.raw is raw

    def grew(self, before: int) -> None:
        """Smooth the points that shared columns got at their end."""
        self._smooth_from(before)

    def part(self, count: int) -> None:
        """Keep the first points of shared columns as its own from now on."""
        x, raw = Numbers(), Column()
        x.extend(self.x[:count])
        raw.extend(self.y[:count])
        self.share(x, raw)

    # --- smoothing ---
    def set_smoothing(self, weight: float) -> None:
        """Smooth with another weight, from 0 (raw) to below 1."""
        if weight == self.weight:
            return
        self.adopt(weight, self.smoothed_with(weight))

    def smoothed_with(self, weight: float) -> Column:
        """Return the values smoothed with a weight; callable on another thread."""
        if weight <= 0.0:
            return self.raw
        column = Column()
        column.extend(smooth(self.y, weight))
        return column

    def adopt(self, weight: float, column: Column) -> None:
        """Take values that `smoothed_with` made, and smooth what came meanwhile."""
        # What is not smoothed is the values themselves, also where others keep them by now.
        self.weight, self.smoothed = weight, column if weight > 0.0 else self.raw
        if len(column) < len(self):
            self._smooth_from(len(column))

    def _smooth_from(self, start: int) -> None:
        if self.smoothed is self.raw:
            return
        context = max(0, start - reach_of(self.weight))
        self.smoothed.extend(smooth(self.y[context:], self.weight)[start - context :])

    def drawn(
        self, lowest: float, highest: float, bins: int, *, raw: bool = False
    ) -> tuple[Floats, Floats]:
        """Return what to draw between two x, with one point beyond each edge."""
        start = max(0, int(np.searchsorted(self.x, lowest, "left")) - 1)
        stop = min(len(self), int(np.searchsorted(self.x, highest, "right")) + 1)
        column = self.raw if raw else self.smoothed
        if stop <= start:
            return self.x[:0], column.values[:0]
        indices = column.outline(start, stop, bins)
        return self.x[indices], column.values[indices]

    def nearest(self, x: float) -> int | None:
        """Return the index of the point nearest to an x."""
        if len(self) == 0:
            return None
        right = int(np.searchsorted(self.x, x))
        if right == 0:
            return 0
        if right == len(self):
            return right - 1
        return right if self.x[right] - x < x - self.x[right - 1] else right - 1


def bounds_of(
    drawn: Sequence[tuple[Floats, Floats]], lowest: float, highest: float
) -> tuple[float, float] | None:
    """Return the lowest and highest value drawn between two x, or None where there is none.

    What is drawn holds every extreme, so the points themselves need not be asked.
    """
    if not drawn:
        return None
    x, y = (np.concatenate(part) for part in zip(*drawn, strict=True))
    inside = y[(x >= lowest) & (x <= highest) & np.isfinite(y)]
    return (float(inside.min()), float(inside.max())) if len(inside) else None


__all__ = ["Column", "Floats", "Ints", "Numbers", "Series", "bounds_of", "reach_of", "smooth"]

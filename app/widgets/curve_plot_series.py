"""Growing curves: float64 columns, smoothing, and extremes kept so that no spike is lost."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BLOCK = 64  # values whose extremes are kept as one pair
_NEGLIGIBLE = 1e-12  # weight below which an older point no longer moves a smoothed one


class Column:
    """Hold values that grow at the end, with the place of the extremes of each full block."""

    def __init__(self) -> None:
        self._values = np.empty(256, np.float64)
        self._size = 0
        self._low = np.empty(0, np.int64)
        self._high = np.empty(0, np.int64)

    def __len__(self) -> int:
        """Return the number of values."""
        return self._size

    @property
    def values(self) -> Floats:
        """Return the values, without copying."""
        return self._values[: self._size]

    def extend(self, values: Floats) -> None:
        """Append values; earlier ones are neither moved in order nor looked at again."""
        needed = self._size + len(values)
        if needed > len(self._values):
            grown = np.empty(needed + needed // 2, np.float64)
            grown[: self._size] = self.values
            self._values = grown
        self._values[self._size : needed] = values
        self._size = needed
        self._extend_blocks()

    def replace(self, values: Floats) -> None:
        """Set all values anew."""
        self._size = 0
        self._low = self._low[:0]
        self._high = self._high[:0]
        self.extend(values)

    def _extend_blocks(self) -> None:
        done = len(self._low)
        full = self._size // BLOCK
        if full == done:
            return
        start = done * BLOCK
        blocks = self._values[start : full * BLOCK].reshape(-1, BLOCK)
        base = np.arange(done, full, dtype=np.int64) * BLOCK
        low, high = _extremes(blocks)
        self._low = np.concatenate([self._low, base + low])
        self._high = np.concatenate([self._high, base + high])

    def candidates(self, start: int, stop: int) -> Ints:
        """Return the indices in [start, stop) that can be an extreme of a wide bin, ascending."""
        first = -(-start // BLOCK)
        last = stop // BLOCK
        if last <= first:
            return np.arange(start, stop, dtype=np.int64)
        pairs = np.stack([self._low[first:last], self._high[first:last]], axis=1)
        pairs.sort(axis=1)
        inner = pairs.reshape(-1)
        head = np.arange(start, first * BLOCK, dtype=np.int64)
        tail = np.arange(last * BLOCK, stop, dtype=np.int64)
        return np.concatenate([head, inner, tail])

    def outline(self, start: int, stop: int, bins: int) -> Ints:
        """Return the indices to draw so that each of `bins` bins shows its lowest and highest."""
        count = stop - start
        if count <= 4 * bins:
            return np.arange(start, stop, dtype=np.int64)
        wide = count // bins >= BLOCK
        chosen = self.candidates(start, stop) if wide else None
        values = self.values[start:stop] if chosen is None else self.values[chosen]
        per_bin = -(-len(values) // bins)
        whole = (len(values) // per_bin) * per_bin
        low, high = _extremes(values[:whole].reshape(-1, per_bin))
        base = np.arange(len(low), dtype=np.int64) * per_bin
        picked = np.stack([base + np.minimum(low, high), base + np.maximum(low, high)], axis=1)
        found = np.concatenate([picked.reshape(-1), np.arange(whole, len(values))])
        found = start + found if chosen is None else chosen[found]
        found = np.concatenate([[start], found, [stop - 1]])
        places: Ints = found[np.concatenate([[True], found[1:] > found[:-1]])]
        return places


def _extremes(rows: Floats) -> tuple[Ints, Ints]:
    """Return the column of each row's lowest and highest finite value."""
    missing = np.isnan(rows)
    if missing.any():
        low = np.where(missing, np.inf, rows).argmin(axis=1)
        high = np.where(missing, -np.inf, rows).argmax(axis=1)
        return low, high
    return rows.argmin(axis=1), rows.argmax(axis=1)


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
        self._x = Column()
        self.raw = Column()
        self.smoothed = Column()
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
        self.smoothed.replace(smooth(self.y, self.weight))

    def set_smoothing(self, weight: float) -> None:
        """Smooth with another weight, from 0 (raw) to below 1."""
        if weight == self.weight:
            return
        self.weight = weight
        self.smoothed.replace(smooth(self.y, weight))

    def smoothed_with(self, weight: float) -> Column:
        """Return the values smoothed with a weight; callable on another thread."""
        column = Column()
        column.extend(smooth(self.y, weight))
        return column

    def adopt(self, weight: float, column: Column) -> None:
        """Take values that `smoothed_with` made, and smooth what came meanwhile."""
        self.weight, self.smoothed = weight, column
        if len(column) < len(self):
            self._smooth_from(len(column))

    def _smooth_from(self, start: int) -> None:
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

    def bounds(self, lowest: float, highest: float, *, raw: bool) -> tuple[float, float] | None:
        """Return the lowest and highest value between two x, or None where there is none."""
        start = int(np.searchsorted(self.x, lowest, "left"))
        stop = int(np.searchsorted(self.x, highest, "right"))
        found = []
        for column in (self.smoothed, self.raw) if raw else (self.smoothed,):
            part = column.values[column.candidates(start, stop)] if stop > start else self.x[:0]
            part = part[np.isfinite(part)]
            if len(part):
                found += [float(part.min()), float(part.max())]
        return (min(found), max(found)) if found else None

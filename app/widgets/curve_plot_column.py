"""A growing column of values, with the extremes of its blocks kept in levels of detail."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.widgets.curve_plot_numbers import Floats, Numbers

Ints = npt.NDArray[np.int64]

BLOCK = 64  # values whose extremes are kept as one pair on the lowest level
FIRST_BLOCKS = 4  # room of a new level: a run has dozens of columns, and most are short


class _Level:
    """The places of the lowest and the highest value of each block of one size, and of a gap."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.count = 0
        self._places = np.empty((FIRST_BLOCKS, 2), np.int64)
        self._gaps = np.empty(FIRST_BLOCKS, np.int64)  # the place of a missing value, or -1

    @property
    def places(self) -> Ints:
        """Return the place of the lowest and of the highest value of each full block."""
        return self._places[: self.count]

    @property
    def gaps(self) -> Ints:
        """Return the place of a missing value in each full block, -1 where none is missing."""
        return self._gaps[: self.count]

    def extend(self, low: Ints, high: Ints, gaps: Ints) -> None:
        """Add blocks."""
        needed = self.count + len(low)
        if needed > len(self._places):
            grown, more = np.empty((2 * needed, 2), np.int64), np.empty(2 * needed, np.int64)
            grown[: self.count], more[: self.count] = self.places, self.gaps
            self._places, self._gaps = grown, more
        self._places[self.count : needed, 0] = low
        self._places[self.count : needed, 1] = high
        self._gaps[self.count : needed] = gaps
        self.count = needed

    def ordered(self, first: int, last: int) -> Ints:
        """Return the places of the extremes of some blocks and of their gaps, ascending."""
        part = self._places[first:last]
        return _ordered(part[:, 0], part[:, 1], self._gaps[first:last])


class Column(Numbers):
    """Hold values that grow at the end; each level joins two blocks of the one below."""

    def __init__(self) -> None:
        super().__init__()
        self._levels = [_Level(BLOCK)]
        self.lowest_positive = np.inf  # of all finite values

    def extend(self, values: Floats) -> None:
        """Append values; earlier ones are neither moved in order nor looked at again."""
        super().extend(values)
        if not values.min(initial=np.inf) >= self.lowest_positive:  # also where one is missing
            least = float(values[values > 0].min(initial=np.inf))
            self.lowest_positive = min(self.lowest_positive, least)
        self._extend_levels()

    def replace(self, values: Floats) -> None:
        """Set all values anew."""
        self._levels = [_Level(BLOCK)]
        self.lowest_positive = np.inf
        super().replace(values)

    def _extend_levels(self) -> None:
        lowest = self._levels[0]
        full = self._size // BLOCK
        if full == lowest.count:
            return
        start = lowest.count
        blocks = self._values[start * BLOCK : full * BLOCK].reshape(-1, BLOCK)
        base = np.arange(start, full, dtype=np.int64) * BLOCK
        low, high = extremes(blocks)
        gaps = gap_of(blocks)
        lowest.extend(base + low, base + high, np.where(gaps >= 0, base + gaps, -1))
        place = 0
        while self._levels[place].count // 2:
            below = self._levels[place]
            place += 1
            if place == len(self._levels):
                self._levels.append(_Level(2 * below.size))
            level = self._levels[place]
            if below.count // 2 == level.count:
                return
            pairs = below.places[2 * level.count : below.count // 2 * 2].reshape(-1, 2, 2)
            rows = np.arange(len(pairs))
            low, _ = extremes(self._values[pairs[:, :, 0]])
            _, high = extremes(self._values[pairs[:, :, 1]])
            gaps = below.gaps[2 * level.count : below.count // 2 * 2].reshape(-1, 2)
            gap = np.where(gaps[:, 0] >= 0, gaps[:, 0], gaps[:, 1])
            level.extend(pairs[rows, low, 0], pairs[rows, high, 1], gap)

    def candidates(self, start: int, stop: int, blocks: int = 64) -> Ints:
        """Return the places in [start, stop) that can be an extreme or a gap, ascending.

        They are those of the coarsest level that still has about so many blocks there.
        """
        level = self._levels[0]
        for other in self._levels:
            if (stop - start) // other.size < blocks:
                break
            level = other
        first, last = -(-start // level.size), stop // level.size
        if last <= first:
            return np.arange(start, stop, dtype=np.int64)
        head = np.arange(start, first * level.size, dtype=np.int64)
        tail = np.arange(last * level.size, stop, dtype=np.int64)
        return np.concatenate([head, level.ordered(first, last), tail])

    def outline(self, start: int, stop: int, bins: int) -> Ints:
        """Return the places to draw so that each of `bins` bins shows lowest, highest and gap."""
        count = stop - start
        if count <= 4 * bins:
            return np.arange(start, stop, dtype=np.int64)
        if count < bins * BLOCK:
            found = self._binned(start, stop, bins)
        else:
            level = self._levels[0]
            for other in self._levels:
                level = other
                if count // other.size <= bins:
                    break
            found = self._blocked(level, start, stop)
        found = np.concatenate([[start], found, [stop - 1]])
        places: Ints = found[np.concatenate([[True], found[1:] > found[:-1]])]
        return places

    def _binned(self, start: int, stop: int, bins: int) -> Ints:
        values = self.values[start:stop]
        per_bin = -(-len(values) // bins)
        whole = (len(values) // per_bin) * per_bin
        bins_of = values[:whole].reshape(-1, per_bin)
        low, high = extremes(bins_of)
        gaps = gap_of(bins_of)
        base = np.arange(len(low), dtype=np.int64) * per_bin + start
        picked = _ordered(base + low, base + high, np.where(gaps >= 0, base + gaps, -1))
        rest = np.arange(start + whole, stop, dtype=np.int64)
        return np.concatenate([picked, rest])

    def _blocked(self, level: _Level, start: int, stop: int) -> Ints:
        """Return the extremes of whole blocks, and of what lies beside them in smaller ones."""
        first, last = -(-start // level.size), min(stop // level.size, level.count)
        if last <= first:
            return self.candidates(start, stop)
        parts = [level.ordered(first, last)]
        if start < first * level.size:
            parts.insert(0, self.candidates(start, first * level.size, 1))
        if last * level.size < stop:
            parts.append(self.candidates(last * level.size, stop, 1))
        return np.concatenate(parts)


def extremes(rows: Floats) -> tuple[Ints, Ints]:
    """Return the column of each row's lowest and highest finite value."""
    missing = np.isnan(rows)
    if missing.any():
        low = np.where(missing, np.inf, rows).argmin(axis=1)
        high = np.where(missing, -np.inf, rows).argmax(axis=1)
        return low, high
    return rows.argmin(axis=1), rows.argmax(axis=1)


def gap_of(rows: Floats) -> Ints:
    """Return the column of each row's first missing value, -1 where none is missing."""
    missing = np.isnan(rows)
    if not missing.any():
        return np.full(len(rows), -1, np.int64)
    return np.where(missing.any(axis=1), missing.argmax(axis=1), -1).astype(np.int64)


def _ordered(low: Ints, high: Ints, gaps: Ints) -> Ints:
    """Return these places block by block, ascending; those of gaps only where there is one."""
    holed = gaps >= 0
    if not holed.any():
        both = np.empty((len(low), 2), np.int64)
        np.minimum(low, high, out=both[:, 0])
        np.maximum(low, high, out=both[:, 1])
        return both.reshape(-1)
    every = np.stack([low, high, np.where(holed, gaps, low)], axis=1)
    every.sort(axis=1)
    return every.reshape(-1)

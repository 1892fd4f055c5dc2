"""Numbers of which millions come while somebody looks: nothing is copied all at once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from app.widgets.log_view_store import Ints

_SMALL = 4096  # hits; parts up to this size are joined as they come


class Part(NamedTuple):
    """Hits that follow each other: where they begin and end in the file, and their lines."""

    starts: Ints
    stops: Ints
    rows: Ints

    def cut(self, first: int, last: int | None) -> Part:
        """Return the hits [first, last)."""
        return Part(self.starts[first:last], self.stops[first:last], self.rows[first:last])


def joined(parts: Sequence[Part]) -> Part:
    """Return hits that follow each other as one part."""
    return Part(*map(np.concatenate, zip(*parts, strict=True)))


class HitList:
    """Hits in the order of the file, kept in the parts in which they came."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._ends: list[int] = []  # the number of hits up to each part's end
        self._last_rows: list[int] = []

    def __len__(self) -> int:
        """Return the number of hits."""
        return self._ends[-1] if self._ends else 0

    def extend(self, part: Part) -> None:
        """Add hits that lie behind all others."""
        if not len(part.rows):
            return
        size = len(self) + len(part.rows)
        if self._parts and len(self._parts[-1].rows) + len(part.rows) <= _SMALL:
            part = joined((self._parts[-1], part))
            self._drop_last()
        self._parts.append(part)
        self._ends.append(size)
        self._last_rows.append(int(part.rows[-1]))

    def _drop_last(self) -> Part:
        self._ends.pop()
        self._last_rows.pop()
        return self._parts.pop()

    def cut(self, size: int) -> None:
        """Keep so many hits at most."""
        while len(self) > size:
            part = self._drop_last()
            self.extend(part.cut(0, max(0, size - len(self))))

    def before(self, row: int) -> int:
        """Return how many hits lie in the lines before one."""
        place = bisect_left(self._last_rows, row)
        if place == len(self._parts):
            return len(self)
        first = self._ends[place - 1] if place else 0
        return first + int(np.searchsorted(self._parts[place].rows, row, "left"))

    def between(self, first: int, last: int) -> Iterator[Part]:
        """Return the hits [first, last) in parts."""
        place = bisect_right(self._ends, first)
        while first < last and place < len(self._parts):
            begin = self._ends[place - 1] if place else 0
            yield self._parts[place].cut(first - begin, last - begin)
            first = self._ends[place]
            place += 1

    def row(self, hit: int) -> int:
        """Return the line of a hit."""
        return int(next(self.between(hit, hit + 1)).rows[0])

    @property
    def rows(self) -> Ints:
        """Return the lines of all hits."""
        return np.concatenate([np.empty(0, np.int64), *(part.rows for part in self._parts)])


class Growing:
    """Numbers in one row that grows at its end.

    Once half its room is taken a larger one is got, and filled bit by bit with each extension.
    """

    def __init__(self) -> None:
        self._room = np.empty(1024, np.int64)
        self._size = 0
        self._next: Ints | None = None
        self._moved = 0  # numbers that stand in the larger room already

    def extend(self, more: Ints) -> None:
        """Add numbers."""
        needed = self._size + len(more)
        if needed > len(self._room):
            room = self._larger(needed)
            room[self._moved : self._size] = self._room[self._moved : self._size]
            self._room, self._next, self._moved = room, None, 0
        self._room[self._size : needed] = more
        self._size = needed
        if 2 * needed > len(self._room):
            self._next = self._larger(needed)
            end = min(needed, self._moved + 3 * len(more))
            self._next[self._moved : end] = self._room[self._moved : end]
            self._moved = end

    def _larger(self, needed: int) -> Ints:
        """Return the room to come; one that would be too small is left."""
        if self._next is not None and needed <= len(self._next):
            return self._next
        self._moved = 0
        return np.empty(2 * max(needed, len(self._room)), np.int64)

    def cut(self, size: int) -> None:
        """Keep so many numbers at most."""
        self._size = min(self._size, size)
        self._moved = min(self._moved, size)

    @property
    def all(self) -> Ints:
        """Return all numbers."""
        return self._room[: self._size]

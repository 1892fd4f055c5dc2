"""What the view of a log file shows: all its lines or those found, hits, selection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.widgets.log_view_file import LogFile
from app.widgets.log_view_search import Query
from app.widgets.log_view_store import Ints


def _none() -> Ints:
    return np.empty(0, np.int64)


class _Growing:
    """Numbers that grow at the end without being copied each time."""

    def __init__(self) -> None:
        self._room = np.empty(1024, np.int64)
        self._size = 0

    def extend(self, more: Ints) -> None:
        needed = self._size + len(more)
        if needed > len(self._room):
            room = np.empty(2 * needed, np.int64)
            room[: self._size] = self.all
            self._room = room
        self._room[self._size : needed] = more
        self._size = needed

    def cut(self, size: int) -> None:
        self._size = min(self._size, size)

    @property
    def all(self) -> Ints:
        return self._room[: self._size]


class _Spans:
    """Where hits begin and end in the file, and their lines, ascending."""

    def __init__(self) -> None:
        self._parts = (_Growing(), _Growing(), _Growing())

    def extend(self, starts: Ints, stops: Ints, rows: Ints) -> None:
        for part, more in zip(self._parts, (starts, stops, rows), strict=True):
            part.extend(more)

    def cut(self, size: int) -> None:
        for part in self._parts:
            part.cut(size)

    @property
    def starts(self) -> Ints:
        return self._parts[0].all

    @property
    def stops(self) -> Ints:
        return self._parts[1].all

    @property
    def rows(self) -> Ints:
        return self._parts[2].all


class FileModel:
    """The same questions as LogModel answers, for a file with millions of lines."""

    def __init__(self, file: LogFile) -> None:
        self.file = file
        self.query: Query | None = None
        self._only: _Growing | None = None
        self._all = _Spans()  # every hit of the file
        self._shown = _Spans()  # those in rows that a filter lets through
        self._judged = 0  # hits of which is known whether they are shown
        self.current = -1
        self.anchor = -1
        self.cursor = -1

    def __len__(self) -> int:
        """Return the number of rows shown."""
        return len(self.file) if self.only is None else len(self.only)

    @property
    def only(self) -> Ints | None:
        """Return the rows that a filter lets through; None: all."""
        return None if self._only is None else self._only.all

    @property
    def shown(self) -> Sequence[int] | Ints:
        """Return the rows shown; a range where no filter stands."""
        return range(len(self.file)) if self.only is None else self.only

    @property
    def _hits(self) -> _Spans:
        return self._all if self._only is None else self._shown

    @property
    def starts(self) -> Ints:
        """Return where hits begin."""
        return self._hits.starts

    hits = starts

    @property
    def stops(self) -> Ints:
        """Return where hits end."""
        return self._hits.stops

    @property
    def rows(self) -> Ints:
        """Return the line of each hit."""
        return self._hits.rows

    def row(self, place: int) -> int:
        """Return the line at a place."""
        return place if self.only is None else int(self.only[place])

    def place(self, row: int) -> int:
        """Return where a line is shown, or where it would be."""
        return row if self.only is None else int(np.searchsorted(self.only, row))

    # --- filter ---
    def set_only(self, rows: Ints | None) -> None:
        """Show these rows only; the line under the cursor stays under it where it can."""
        row = self.row(self.cursor) if 0 <= self.cursor < len(self) else -1
        self._only = None
        if rows is not None:
            self._only = _Growing()
            self._only.extend(rows)
        self._shown, self._judged = _Spans(), 0
        self.current = -1
        self._judge()
        self.cursor = self.anchor = -1
        if row >= 0 and len(self):
            self.cursor = self.anchor = min(len(self) - 1, self.place(row))

    def add_only(self, rows: Ints) -> None:
        """Show further rows, which lie behind all others; rows known are left out."""
        if self._only is None or not len(rows):
            return
        known = self._only.all
        self._only.extend(rows[rows > known[-1]] if len(known) else rows)
        self._judge()

    def drop_only_from(self, row: int) -> None:
        """Forget the rows shown from a row on; they come again where they still pass."""
        if self._only is None:
            return
        self._only.cut(self.place(row))
        self._drop_shown_from(row)

    # --- hits ---
    def set_query(self, query: Query | None) -> None:
        """Look for something else; hits come by `found`."""
        self.query = query
        self._all, self._shown, self._judged = _Spans(), _Spans(), 0
        self.current = -1

    def found(self, starts: Ints, stops: Ints, rows: Ints) -> None:
        """Add hits that lie behind all others."""
        self._all.extend(starts, stops, rows)
        self._judge()

    def _judge(self) -> None:
        """Show the hits in rows shown, as far as is known which rows these are."""
        only = self.only
        if only is None or not len(only):
            return
        rows = self._all.rows
        first, last = self._judged, int(np.searchsorted(rows, only[-1], "right"))
        if last <= first:
            return
        part = rows[first:last]
        keep = only[np.searchsorted(only, part)] == part
        starts, stops = self._all.starts[first:last], self._all.stops[first:last]
        self._shown.extend(starts[keep], stops[keep], part[keep])
        self._judged = last

    def drop_from(self, row: int) -> None:
        """Forget the hits from a row on; they come again."""
        self._drop_shown_from(row)
        self._all.cut(int(np.searchsorted(self._all.rows, row, "left")))
        self.current = self.current if self.current < len(self.starts) else -1

    def _drop_shown_from(self, row: int) -> None:
        self._shown.cut(int(np.searchsorted(self._shown.rows, row, "left")))
        self._judged = min(self._judged, int(np.searchsorted(self._all.rows, row, "left")))
        self.current = self.current if self.current < len(self.starts) else -1

    def step(self, by: int, near: int) -> int:
        """Go to the next (1) or previous (-1) hit, around the ends; return its place or -1."""
        if not len(self.starts):
            return -1
        if self.current < 0:
            row = self.row(min(near, max(0, len(self) - 1)))
            first = int(np.searchsorted(self.rows, row, "left"))
            self.current = (first if by > 0 else first - 1) % len(self.starts)
        else:
            self.current = (self.current + by) % len(self.starts)
        return self.place(int(self.rows[self.current]))

    def hits_at(self, place: int) -> list[tuple[int, int, bool]]:
        """Return the spans found in a shown row, in bytes, and whether each is the current one."""
        row = self.row(place)
        begin = self.file.start(row)
        first = int(np.searchsorted(self.rows, row, "left"))
        last = int(np.searchsorted(self.rows, row, "right"))
        return [
            (int(self.starts[hit]) - begin, int(self.stops[hit]) - begin, hit == self.current)
            for hit in range(first, last)
        ]

    # --- selection ---
    def select(self, place: int, *, extend: bool) -> None:
        """Put the cursor on a row, alone or with all rows from the anchor on."""
        self.cursor = max(0, min(len(self) - 1, place)) if len(self) else -1
        if not extend or self.anchor < 0:
            self.anchor = self.cursor

    def selected(self) -> range:
        """Return the places of the selected rows."""
        if self.cursor < 0:
            return range(0)
        low, high = sorted((self.cursor, self.anchor))
        return range(low, min(high, len(self) - 1) + 1)

    def marks(self, height: int) -> tuple[Ints, Ints]:
        """Return the pixels of a ruler that carry a hit; errors of a file are not known."""
        count = max(1, len(self))
        rows = self.rows
        if len(rows) > 50 * height:  # more hits than pixels: one look a pixel is enough
            first = np.linspace(0, count, height + 1).astype(np.int64)
            if self.only is not None:
                first = np.append(self.only[first[:-1]], len(self.file))
            edges = np.searchsorted(rows, first)
            return np.flatnonzero(np.diff(edges) > 0).astype(np.int64), _none()
        places = rows if self.only is None else np.searchsorted(self.only, rows)
        return np.unique(places * height // count), _none()

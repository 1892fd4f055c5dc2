"""What the view of a log file shows: all its lines or those found, hits, selection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.widgets.log_view_file import LogFile
from app.widgets.log_view_hits import Growing, HitList, Part
from app.widgets.log_view_search import Query
from app.widgets.log_view_store import Ints


def _none() -> Ints:
    return np.empty(0, np.int64)


class FileModel:
    """The same questions as LogModel answers, for a file with millions of lines."""

    def __init__(self, file: LogFile) -> None:
        self.file = file
        self.query: Query | None = None
        self._only: Growing | None = None
        self._all = HitList()  # every hit of the file
        self._shown = HitList()  # those in rows that a filter lets through
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
    def hits(self) -> HitList:
        """Return the hits in the rows shown."""
        return self._all if self._only is None else self._shown

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
            self._only = Growing()
            self._only.extend(rows)
        self._shown, self._judged = HitList(), 0
        self.current = -1
        self._judge()
        self.cursor = self.anchor = -1
        if row >= 0 and len(self):
            self.cursor = self.anchor = min(len(self) - 1, self.place(row))

    def add_only(self, rows: Ints) -> None:
        """Show further rows, ascending, behind all others; one known or told twice counts once."""
        if self._only is None or not len(rows):
            return
        known = self._only.all
        last = int(known[-1]) if len(known) else -1
        rows = rows[np.searchsorted(rows, last, "right") :]
        self._only.extend(rows[np.diff(rows, prepend=last) > 0])
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
        self._all, self._shown, self._judged = HitList(), HitList(), 0
        self.current = -1

    def found(self, parts: Sequence[Part]) -> None:
        """Add hits that lie behind all others."""
        for part in parts:
            self._all.extend(part)
        self._judge()

    def _judge(self) -> None:
        """Show the hits in rows shown, as far as is known which rows these are."""
        only = self.only
        if only is None or not len(only):
            return
        last = self._all.before(int(only[-1]) + 1)
        for part in self._all.between(self._judged, last):
            keep = only[np.searchsorted(only, part.rows)] == part.rows
            self._shown.extend(Part(part.starts[keep], part.stops[keep], part.rows[keep]))
        self._judged = max(self._judged, last)

    def drop_from(self, row: int) -> None:
        """Forget the hits from a row on; they come again."""
        self._drop_shown_from(row)
        self._all.cut(self._all.before(row))
        self.current = self.current if self.current < len(self.hits) else -1

    def _drop_shown_from(self, row: int) -> None:
        self._shown.cut(self._shown.before(row))
        self._judged = min(self._judged, self._all.before(row))
        self.current = self.current if self.current < len(self.hits) else -1

    def step(self, by: int, near: int) -> int:
        """Go to the next (1) or previous (-1) hit, around the ends; return its place or -1."""
        if not len(self.hits):
            return -1
        if self.current < 0:
            row = self.row(min(near, max(0, len(self) - 1)))
            first = self.hits.before(row)
            self.current = (first if by > 0 else first - 1) % len(self.hits)
        else:
            self.current = (self.current + by) % len(self.hits)
        return self.place(self.hits.row(self.current))

    def hits_at(self, place: int) -> list[tuple[int, int, bool]]:
        """Return the spans found in a shown row, in bytes, and whether each is the current one."""
        row = self.row(place)
        begin = self.file.start(row)
        hit, last = self.hits.before(row), self.hits.before(row + 1)
        spans = []
        for part in self.hits.between(hit, last):
            for start, stop in zip(part.starts.tolist(), part.stops.tolist(), strict=True):
                spans.append((start - begin, stop - begin, hit == self.current))
                hit += 1
        return spans

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
        hits = self.hits
        if len(hits) > 50 * height:  # more hits than pixels: one look a pixel is enough
            first = np.linspace(0, count, height + 1).astype(np.int64)
            if self.only is not None:
                first = np.append(self.only[first[:-1]], len(self.file))
            edges = [hits.before(row) for row in first.tolist()]
            return np.flatnonzero(np.diff(edges) > 0).astype(np.int64), _none()
        places = hits.rows if self.only is None else np.searchsorted(self.only, hits.rows)
        return np.unique(places * height // count), _none()

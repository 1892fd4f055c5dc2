"""What a log view shows: filtered rows, hits among them, the current hit and the selection."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np

from app.widgets.log_view_search import Hits, Query, in_order
from app.widgets.log_view_store import Filter, Ints, LogStore


class LogModel:
    """Keep the rows shown in step with a store, looking only at what is new."""

    def __init__(self, store: LogStore) -> None:
        self.store = store
        self.rule = Filter()
        self.shown: Ints = np.empty(0, np.int64)
        self.query: Query | None = None
        self.searched = 0  # rows, in order of arrival, that the hits cover
        self._all_hits = Hits()
        self.hits = Hits()
        self.places: Ints = np.empty(0, np.int64)
        self.current = -1
        self.anchor = -1
        self.cursor = -1
        self.only_hits = False

    def __len__(self) -> int:
        """Return the number of rows shown."""
        return len(self.shown)

    def set_filter(self, rule: Filter) -> None:
        """Show other rows; the line under the cursor stays under it where it is still shown."""
        self.rule = rule
        self._show(self._marked())

    def set_only_hits(self, on: bool) -> None:
        """Show only the rows in which something was found."""
        self.only_hits = on
        self._show(self._marked())

    @property
    def _shows_hits_only(self) -> bool:
        return self.only_hits and self.query is not None

    def row(self, place: int) -> int:
        """Return the row shown at a place, or -1."""
        return int(self.shown[place]) if 0 <= place < len(self) else -1

    def place(self, row: int) -> int:
        """Return where a row is shown, or -1."""
        found = np.flatnonzero(self.shown == row)
        return int(found[0]) if len(found) else -1

    def _marked(self) -> tuple[int, int]:
        """Return the rows under cursor and anchor."""
        return self.row(self.cursor), self.row(self.anchor)

    def _mark(self, rows: tuple[int, int]) -> None:
        """Put cursor and anchor back on their rows; without the one there is no other."""
        self.cursor, self.anchor = self.place(rows[0]), self.place(rows[1])
        if self.cursor < 0 or self.anchor < 0:
            self.anchor = self.cursor = max(self.cursor, self.anchor)

    def _show(self, marked: tuple[int, int]) -> None:
        """Show the rows that pass, with cursor and anchor on the rows they were on."""
        self.shown = self.store.shown(self.rule)
        if self._shows_hits_only:
            holds = np.zeros(len(self.store), np.bool_)
            holds[self._all_hits.rows] = True
            self.shown = self.shown[holds[self.shown]]
        self._mark(marked)
        self._place_hits()

    def take_in(self, position: int) -> None:
        """Show what was added to the store from a position in the order of time on."""
        order = self.store.order
        if position >= len(order) or self._shows_hits_only:
            return  # with hits only, new rows come by `found`
        earliest = self.store.time_of(int(order[position]))
        keep = bisect_right(self.shown, earliest, key=lambda row: self.store.time_of(int(row)))
        is_moved = max(self.cursor, self.anchor) >= keep  # late lines stand above these
        marked = self._marked()
        self.shown = np.concatenate([self.shown[:keep], self.store.shown(self.rule, position)])
        if is_moved:
            self._mark(marked)
        if len(self.hits):
            self._place_hits()

    # --- hits ---
    def set_query(self, query: Query | None) -> None:
        """Look for something else; hits are added by `found`."""
        was_narrow = self._shows_hits_only
        self.query = query
        self.searched = 0
        self._all_hits = Hits()
        self.current = -1
        if was_narrow or self._shows_hits_only:
            self._show(self._marked())
        self._place_hits()

    def found(self, hits: Hits, searched: int) -> None:
        """Add hits of further rows."""
        self._all_hits = self._all_hits.plus(hits)
        self.searched = searched
        if self._shows_hits_only:
            self._show(self._marked())
        self._place_hits()

    def _place_hits(self) -> None:
        row = start = -1
        if 0 <= self.current < len(self.hits):
            row = int(self.hits.rows[self.current])
            start = int(self.hits.starts[self.current])
        self.hits, self.places = in_order(self._all_hits, self.shown, len(self.store))
        same = np.flatnonzero((self.hits.rows == row) & (self.hits.starts == start))
        self.current = int(same[0]) if len(same) else -1

    def step(self, by: int, near: int) -> int:
        """Go to the next (1) or previous (-1) hit, around the ends; return its place or -1."""
        if not len(self.hits):
            return -1
        if self.current < 0:
            first = int(np.searchsorted(self.places, near, "left"))
            self.current = (first if by > 0 else first - 1) % len(self.hits)
        else:
            self.current = (self.current + by) % len(self.hits)
        return int(self.places[self.current])

    def hits_at(self, place: int) -> list[tuple[int, int, bool]]:
        """Return the spans found in a shown row, in bytes, and whether each is the current one."""
        first = int(np.searchsorted(self.places, place, "left"))
        last = int(np.searchsorted(self.places, place, "right"))
        return [
            (int(self.hits.starts[hit]), int(self.hits.stops[hit]), hit == self.current)
            for hit in range(first, last)
        ]

    def place_at(self, at: float) -> int:
        """Return the place of the first row at or after a time; the last one, or -1."""
        if not len(self):
            return -1
        place = bisect_left(self.shown, at, key=lambda row: self.store.time_of(int(row)))
        return min(len(self) - 1, place)

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
        """Return the pixels of a ruler that carry a hit, and those that carry an error."""
        count = max(1, len(self))
        levels = self.store.rows["level"][self.shown]
        errors = np.flatnonzero(levels >= 3)
        return np.unique(self.places * height // count), np.unique(errors * height // count)

"""Finding text in a large log file: in pieces, on another thread, to be cancelled at any time."""

from __future__ import annotations

import threading
import time

import numpy as np

from app.widgets.log_view_file import LogFile
from app.widgets.log_view_finder import Spans
from app.widgets.log_view_search import Query
from app.widgets.log_view_store import Ints

# A piece is searched without letting other threads in, so it must take a few milliseconds only.
_TEXT_PIECE = 1 << 20
_REGEX_PIECE = 128 << 10


class Scan:
    """One search over a file; `hits` and `done` grow while it runs."""

    def __init__(
        self, file: LogFile, query: Query, first: int = 0, also: Query | None = None
    ) -> None:
        self.file = file
        self.query = query
        self.done = first  # bytes looked at, from the start of the file
        self.whole = 0  # of them, how many belonged to lines with their end as it began
        self.hits = 0
        self._stop = threading.Event()
        # Raises UserInputError for an unusable expression.
        self._find = query.finder(self._stop.is_set)
        # Only hits in lines that hold this too.
        self._also = also.finder(self._stop.is_set) if also is not None else None
        self._piece = _REGEX_PIECE if query.is_regex else _TEXT_PIECE
        self._parts: list[tuple[Ints, Ints, Ints]] = []
        self.taken = 0

    def cancel(self) -> None:
        """End the search at the next piece."""
        self._stop.set()

    @property
    def is_cancelled(self) -> bool:
        """Return whether it was ended before its end."""
        return self._stop.is_set()

    def run(self) -> bool:
        """Search to the end of what is indexed; return whether it was not cancelled."""
        # Where the last line has no end yet it is looked at again with what follows it.
        end, self.whole = self.file.indexed, self.file.whole
        while self.done < end and not self._stop.is_set():
            raw = self._next(end)
            if not raw:
                break
            spans = self._find(raw)
            beside = self._also(raw) if spans and self._also is not None else None
            if self._stop.is_set():
                break  # what was found of this piece may not be all
            if spans and beside != []:
                self._keep(spans, beside, self.done)
            self.done += len(raw)
            time.sleep(0)  # lets the window's thread in
        return not self._stop.is_set()

    def _next(self, end: int) -> bytes:
        """Return the next piece, whole lines only where the end is not reached."""
        length = min(self._piece, end - self.done)
        raw = self.file.read(self.done, length)
        if self.done + len(raw) >= end or not raw:
            return raw
        cut = raw.rfind(b"\n") + 1
        if cut:
            return raw[:cut]
        row = self.file.row_at(self.done)  # one line larger than a piece
        return self.file.read(self.done, self.file.stop(row) - self.done)

    def _keep(self, spans: Spans, beside: Spans | None, base: int) -> None:
        table = np.array(spans, np.int64) + base
        rows = self._rows(table[:, 0])
        if beside is not None:
            others = self._rows(np.array(beside, np.int64)[:, 0] + base)
            keep = np.isin(rows, others)
            table, rows = table[keep], rows[keep]
        self._parts.append((table[:, 0], table[:, 1], rows))
        self.hits += len(rows)

    def _rows(self, places: Ints) -> Ints:
        first = self.file.row_at(int(places[0]))
        last = self.file.row_at(int(places[-1])) + 1
        starts = self.file.starts(first, last)
        rows: Ints = np.searchsorted(starts, places, "right") - 1 + first
        return rows

    def take(self) -> tuple[Ints, Ints, Ints]:
        """Return starts, stops and rows found since the last time."""
        parts = self._parts[self.taken :]
        self.taken += len(parts)
        if not parts:
            none = np.empty(0, np.int64)
            return none, none, none
        joined = [np.concatenate([part[place] for part in parts]) for place in range(3)]
        return joined[0], joined[1], joined[2]

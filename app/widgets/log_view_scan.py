"""Finding text in a large log file: in pieces, on another thread, to be cancelled at any time."""

from __future__ import annotations

import threading
import time
from collections import deque

import numpy as np

from app.widgets.log_view_bytes import Spans
from app.widgets.log_view_file import LogFile
from app.widgets.log_view_hits import Part, joined
from app.widgets.log_view_search import Query
from app.widgets.log_view_store import Ints

# What is compared at once should stay in the processor's own memory, and a cancelled search ends
# with its piece.
_TEXT_PIECE = 256 << 10
_REGEX_PIECE = 128 << 10
# A sleep of no length gives the lock of Python up and takes it again at once: a thread that waits
# for it has no time to wake. Some systems sleep for milliseconds at least, so not at each piece.
_BREATH_S, _BREATH_EVERY_S = 1e-5, 4e-3


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
        self._fresh: list[Part] = []  # of the pieces since the last breath
        self._parts: deque[Part] = deque()  # to be taken by the window's thread

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
        breath = time.monotonic()
        while self.done < end and not self._stop.is_set():
            raw = self._next(end)
            if not raw:
                break
            spans = self._find(raw)
            beside = self._also(raw) if len(spans) and self._also is not None else None
            if self._stop.is_set():
                break  # what was found of this piece may not be all
            if len(spans) and (beside is None or len(beside)):
                self._keep(spans, beside, self.done)
            self.done += len(raw)
            if time.monotonic() - breath > _BREATH_EVERY_S:
                self._hand_over()
                time.sleep(_BREATH_S)  # lets the window's thread in
                breath = time.monotonic()
        self._hand_over()
        return not self._stop.is_set()

    def _hand_over(self) -> None:
        """Join what was found here, where nobody waits, and let it be taken."""
        if self._fresh:
            self._parts.append(joined(self._fresh))
            self._fresh = []

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
        table = spans + base
        rows = self._rows(table[:, 0])
        if beside is not None:
            others = self._rows(beside[:, 0] + base)
            keep = np.isin(rows, others)
            table, rows = table[keep], rows[keep]
        self._fresh.append(Part(table[:, 0], table[:, 1], rows))
        self.hits += len(rows)

    def _rows(self, places: Ints) -> Ints:
        first = self.file.row_at(int(places[0]))
        last = self.file.row_at(int(places[-1])) + 1
        starts = self.file.starts(first, last)
        rows: Ints = np.searchsorted(starts, places, "right") - 1 + first
        return rows

    def take(self) -> list[Part]:
        """Return what was found since the last time."""
        parts = []
        while self._parts:
            parts.append(self._parts.popleft())
        return parts

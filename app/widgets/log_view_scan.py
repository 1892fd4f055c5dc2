"""Finding text in a large log file: in pieces, on another thread, to be cancelled at any time."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np

from app.widgets.log_view_file import LogFile
from app.widgets.log_view_search import Query
from app.widgets.log_view_store import Ints

# A piece is searched without letting other threads in, so it must take a few milliseconds only.
_TEXT_PIECE = 1 << 20
_REGEX_PIECE = 128 << 10
Spans = list[tuple[int, int]]


class Scan:
    """One search over a file; `hits` and `done` grow while it runs."""

    def __init__(
        self, file: LogFile, query: Query, first: int = 0, also: Query | None = None
    ) -> None:
        self.file = file
        self.query = query
        self.done = first  # bytes looked at, from the start of the file
        self.hits = 0
        self._find = _finder(query)  # raises UserInputError for an unusable expression
        # Only hits in lines that hold this too.
        self._also = _finder(also) if also is not None else None
        self._piece = _REGEX_PIECE if query.is_regex else _TEXT_PIECE
        self._parts: list[tuple[Ints, Ints, Ints]] = []
        self._stop = threading.Event()
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
        end = self.file.indexed
        while self.done < end and not self._stop.is_set():
            raw = self._next(end)
            if not raw:
                break
            spans = self._find(raw)
            beside = self._also(raw) if spans and self._also is not None else None
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


def _finder(query: Query) -> Callable[[bytes], Spans]:
    if query.is_regex:
        return _regex_finder(query.compile())
    text = query.text
    if query.match_case:
        return _text_finder(text.encode(), folds=False)
    if text.isascii():
        return _text_finder(text.lower().encode(), folds=True)
    return _regex_finder(query.compile())


def _text_finder(wanted: bytes, *, folds: bool) -> Callable[[bytes], Spans]:
    # Folding a whole piece and looking for plain bytes is ten times faster than an expression
    # that ignores case.
    width = len(wanted)

    def find(raw: bytes) -> Spans:
        place = raw.lower() if folds else raw
        spans: Spans = []
        at = place.find(wanted)
        while at >= 0:
            spans.append((at, at + width))
            at = place.find(wanted, at + width)
        return spans

    return find


def _regex_finder(pattern: re.Pattern[bytes]) -> Callable[[bytes], Spans]:
    def find(raw: bytes) -> Spans:
        spans = [match.span() for match in pattern.finditer(raw)]
        if any(b"\n" in raw[start:stop] for start, stop in spans) or _is_anchored(pattern):
            spans = list(_by_line(pattern, raw))  # it reached over a line's end
        return [span for span in spans if span[1] > span[0]]

    return find


def _is_anchored(pattern: re.Pattern[bytes]) -> bool:
    return b"^" in pattern.pattern or b"$" in pattern.pattern or rb"\A" in pattern.pattern


def _by_line(pattern: re.Pattern[bytes], raw: bytes) -> Iterator[tuple[int, int]]:
    start = 0
    for line in raw.split(b"\n"):
        for match in pattern.finditer(line):
            yield start + match.start(), start + match.end()
        start += len(line) + 1

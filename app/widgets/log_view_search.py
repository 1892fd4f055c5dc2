"""Finding text in log lines, in pieces and away from the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from app.widgets.log_view_bytes import Find, Spans
from app.widgets.log_view_finder import expression_finder, never, text_finder
from app.widgets.log_view_store import Ints, Snapshot

_PIECE = 256 * 1024  # bytes looked at in one go, so that other threads get their turn


@dataclass(frozen=True)
class Query:
    """What a person looks for."""

    text: str
    is_regex: bool = False
    match_case: bool = False

    def finder(self, is_over: Callable[[], bool] = never) -> Find:
        """Return what finds it in bytes; raises UserInputError for an unusable expression.

        `is_over` is asked now and then, and ends the search where it says so.
        """
        make = expression_finder if self.is_regex else text_finder
        return make(self.text, match_case=self.match_case, is_over=is_over)


def _none() -> Ints:
    return np.empty(0, np.int64)


@dataclass(frozen=True)
class Hits:
    """Where a query was found: row, and first and last byte in its line."""

    rows: Ints = field(default_factory=_none)
    starts: Ints = field(default_factory=_none)
    stops: Ints = field(default_factory=_none)

    def __len__(self) -> int:
        """Return the number of hits."""
        return len(self.rows)

    def plus(self, other: Hits) -> Hits:
        """Return these hits and further ones."""
        return Hits(
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.starts, other.starts]),
            np.concatenate([self.stops, other.stops]),
        )


def find(
    lines: Snapshot, query: Query, first: int = 0, is_over: Callable[[], bool] = never
) -> Hits:
    """Return every hit in the rows from `first` on; fewer where `is_over` ended the search."""
    look = query.finder(is_over)
    offsets, lengths = lines.rows["offset"], lines.rows["length"]
    ends = offsets + lengths + 1
    found: list[Hits] = []
    row = first
    while row < len(offsets) and not is_over():
        stop = max(row + 1, int(np.searchsorted(ends, offsets[row] + _PIECE, "right")))
        start = int(offsets[row])
        piece = lines.file.read(start, int(ends[stop - 1]) - start)
        spans = look(piece)
        if len(spans):
            found.append(_placed(spans, row, offsets[row:stop] - start))
        row = stop
    if not found:
        return Hits()
    return Hits(
        np.concatenate([part.rows for part in found]),
        np.concatenate([part.starts for part in found]),
        np.concatenate([part.stops for part in found]),
    )


def _placed(spans: Spans, row: int, starts: Ints) -> Hits:
    places = np.searchsorted(starts, spans[:, 0], "right") - 1
    begins = starts[places]
    return Hits(row + places, spans[:, 0] - begins, spans[:, 1] - begins)


def in_order(hits: Hits, shown: Ints, size: int) -> tuple[Hits, Ints]:
    """Return the hits in shown rows, in the order shown, and the position of each."""
    place = np.full(size, -1, np.int64)
    place[shown] = np.arange(len(shown))
    positions = place[hits.rows] if len(hits) else _none()
    keep = np.flatnonzero(positions >= 0)
    keep = keep[np.lexsort((hits.starts[keep], positions[keep]))]
    return Hits(hits.rows[keep], hits.starts[keep], hits.stops[keep]), positions[keep]

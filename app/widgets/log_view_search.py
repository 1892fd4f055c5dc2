"""Finding text in log lines, in pieces and away from the window's thread."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from agent_core.errors import UserInputError
from app.i18n import tr
from app.widgets.log_view_store import Ints, Snapshot

_PIECE = 256 * 1024  # bytes looked at in one go, so that other threads get their turn
# A repeated group that itself repeats can take longer than anyone waits ("(a+)+").
_RUNAWAY = re.compile(r"\([^()]*[+*}][^()]*\)\s*[+*{]")


@dataclass(frozen=True)
class Query:
    """What a person looks for."""

    text: str
    is_regex: bool = False
    match_case: bool = False

    def compile(self) -> re.Pattern[bytes]:
        """Return the pattern over UTF-8 bytes; raises UserInputError for a wrong expression."""
        flags = 0 if self.match_case else re.IGNORECASE
        if not self.is_regex:
            return re.compile(b"".join(self._literal(char) for char in self.text), flags)
        if _RUNAWAY.search(self.text):
            raise UserInputError(
                tr("This expression repeats a group that repeats itself, which may never end."),
                next_step=tr("Write it with one repetition, (ab)+ rather than (ab+)+."),
            )
        try:
            return re.compile(self.text.encode(), flags)
        except re.error as error:
            raise UserInputError(
                tr("This is not a regular expression: {msg}.", msg=error.msg),
                next_step=tr("Correct it, or switch the expression off to look for plain text."),
            ) from error

    def _literal(self, char: str) -> bytes:
        # Over bytes, IGNORECASE knows ASCII only.
        spellings = {char} if self.match_case or char.isascii() else {char.lower(), char.upper()}
        found = sorted(re.escape(spelling.encode()) for spelling in spellings)
        return found[0] if len(found) == 1 else b"(?:" + b"|".join(found) + b")"


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


def find(lines: Snapshot, query: Query, first: int = 0) -> Hits:
    """Return every hit in the rows from `first` on."""
    pattern = query.compile()
    offsets, lengths = lines.rows["offset"], lines.rows["length"]
    ends = offsets + lengths + 1
    found: list[tuple[int, int, int]] = []
    row = first
    while row < len(offsets):
        stop = max(row + 1, int(np.searchsorted(ends, offsets[row] + _PIECE, "right")))
        start = int(offsets[row])
        piece = lines.file.read(start, int(ends[stop - 1]) - start)
        if query.is_regex:
            found += _by_line(pattern, piece, row)
        else:
            found += _at_once(pattern, piece, row, offsets[row:stop] - start)
        row = stop
    if not found:
        return Hits()
    table = np.array(found, np.int64)
    return Hits(table[:, 0], table[:, 1], table[:, 2])


def _at_once(
    pattern: re.Pattern[bytes], piece: bytes, row: int, starts: Ints
) -> list[tuple[int, int, int]]:
    spans = [match.span() for match in pattern.finditer(piece)]
    if not spans:
        return []
    places = np.searchsorted(starts, [span[0] for span in spans], "right") - 1
    return [
        (row + int(place), begin - int(starts[place]), end - int(starts[place]))
        for place, (begin, end) in zip(places, spans, strict=True)
    ]


def _by_line(pattern: re.Pattern[bytes], piece: bytes, row: int) -> list[tuple[int, int, int]]:
    # By line, so that \s or [^x] cannot match across lines.
    return [
        (row + number, *match.span())
        for number, line in enumerate(piece[:-1].split(b"\n"))
        for match in pattern.finditer(line)
        if match.end() > match.start()
    ]


def in_order(hits: Hits, shown: Ints, size: int) -> tuple[Hits, Ints]:
    """Return the hits in shown rows, in the order shown, and the position of each."""
    place = np.full(size, -1, np.int64)
    place[shown] = np.arange(len(shown))
    positions = place[hits.rows] if len(hits) else _none()
    keep = np.flatnonzero(positions >= 0)
    keep = keep[np.lexsort((hits.starts[keep], positions[keep]))]
    return Hits(hits.rows[keep], hits.starts[keep], hits.stops[keep]), positions[keep]

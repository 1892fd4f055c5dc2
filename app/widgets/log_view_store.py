"""Log lines of all silos in order of time: text in a temporary file, the rest in columns."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agent_core.errors import StorageError

Ints = npt.NDArray[np.int64]

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_RANK = {name: rank for rank, name in enumerate(LEVELS)}
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")
_ROW = np.dtype(
    [
        ("at", "f8"),
        ("edge", "i4"),
        ("level", "i1"),
        ("continued", "?"),
        ("source", "i2"),
        ("offset", "i8"),
        ("length", "i4"),
    ]
)


class Line(NamedTuple):
    """One line as it arrives; `level` is the place in LEVELS."""

    at: float
    edge_id: int
    level: int
    source: str
    text: str
    continued: bool = False  # a further line of the same message


def to_lines(at: float, edge_id: int, level: str, source: str, text: str) -> list[Line]:
    """Return a message's lines with control characters and terminal colours taken out."""
    rank = _RANK.get(level, 1)
    clean = _ANSI.sub("", text).replace("\r\n", "\n").replace("\t", "    ").rstrip("\n")
    return [
        Line(at, edge_id, rank, source, _CONTROL.sub("·", part), continued=number > 0)
        for number, part in enumerate(clean.split("\n"))
    ]


@dataclass(frozen=True)
class Filter:
    """Which lines are shown; None means all."""

    edges: frozenset[int] | None = None
    levels: frozenset[int] | None = None


@dataclass(frozen=True)
class Snapshot:
    """The lines so far, for a search on another thread."""

    file: _File
    rows: npt.NDArray[np.void]

    @property
    def is_unwanted(self) -> bool:
        """Return whether the store was closed: nobody waits for the search's end."""
        return self.file.is_unwanted


class _File:
    """A temporary file without a name, read by position from any thread."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="silodesk-log-")  # noqa: SIM115 - lives on
        self._lock = threading.Lock()
        self._users = 1
        self.is_unwanted = False  # who made it needs it no more; others may still read
        self.size = 0

    def write(self, data: bytes) -> None:
        try:
            with self._lock:
                self._file.seek(self.size)
                self._file.write(data)
                self._file.flush()
        except OSError as error:
            raise StorageError(
                f"Log lines cannot be kept in the temporary folder: {error.strerror}.",
                next_step="Free some space there, then open the run again.",
            ) from error
        self.size += len(data)

    def read(self, offset: int, length: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), length, offset)
        with self._lock:
            self._file.seek(offset)
            return self._file.read(length)

    def hold(self) -> None:
        """Let the file live until `release`, whoever closes it meanwhile."""
        with self._lock:
            self._users += 1

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._file.close()

    def close(self) -> None:
        if not self.is_unwanted:
            self.is_unwanted = True
            self.release()


class LogStore:
    """Keep log lines in the order of time, whatever the order in which they arrive."""

    def __init__(self) -> None:
        self._file = _File()
        self._rows = np.empty(4096, _ROW)
        self._order = np.empty(4096, np.int64)
        self._size = 0
        self._sources: list[str] = []
        self._counts = np.zeros(len(LEVELS), np.int64)
        self._edges: dict[int, int] = {}  # messages of each

    def __len__(self) -> int:
        """Return the number of lines."""
        return self._size

    @property
    def bytes(self) -> int:
        """Return the size of the text on disk."""
        return self._file.size

    @property
    def order(self) -> Ints:
        """Return all rows in the order of time."""
        return self._order[: self._size]

    @property
    def rows(self) -> npt.NDArray[np.void]:
        """Return the columns in order of arrival."""
        return self._rows[: self._size]

    def snapshot(self) -> Snapshot:
        """Return what a search on another thread may read while lines go on arriving.

        It can be read while the store is held or open.
        """
        return Snapshot(self._file, self.rows)

    def close(self) -> None:
        """Give the disk space back, as soon as nobody holds the lines."""
        self._file.close()

    def hold(self) -> None:
        """Keep the lines readable until `release`, whoever closes the store meanwhile."""
        self._file.hold()

    def release(self) -> None:
        """Need the lines no more."""
        self._file.release()

    def append(self, lines: Sequence[Line]) -> int:
        """Add lines; return the position in the order of time from which anything changed."""
        if not lines:
            return self._size
        encoded = [line.text.encode("utf-8", "replace") for line in lines]
        start = self._file.size
        self._file.write(b"\n".join(encoded) + b"\n")
        first, last = self._size, self._size + len(lines)
        self._grow(last)
        lengths = np.fromiter((len(part) for part in encoded), np.int64, len(lines))
        new = self._rows[first:last]
        new["at"] = [line.at for line in lines]
        new["edge"] = [line.edge_id for line in lines]
        new["level"] = [line.level for line in lines]
        new["continued"] = [line.continued for line in lines]
        new["source"] = [self._source(line.source) for line in lines]
        new["length"] = lengths
        new["offset"] = start + np.concatenate([[0], np.cumsum(lengths + 1)[:-1]])
        self._size = last
        heads = new["level"][~new["continued"]]
        self._counts += np.bincount(heads, minlength=len(LEVELS))
        for line in lines:
            self._edges[line.edge_id] = self._edges.get(line.edge_id, 0) + (not line.continued)
        return self._merge(first)

    def _grow(self, needed: int) -> None:
        if needed <= len(self._rows):
            return
        capacity = max(needed, 2 * len(self._rows))
        rows, order = np.empty(capacity, _ROW), np.empty(capacity, np.int64)
        rows[: self._size], order[: self._size] = self.rows, self.order
        self._rows, self._order = rows, order

    def _source(self, name: str) -> int:
        if name not in self._sources:
            self._sources.append(name)
        return self._sources.index(name)

    def _merge(self, first: int) -> int:
        fresh = np.arange(first, self._size, dtype=np.int64)
        times = self._rows["at"]
        earliest = float(times[first : self._size].min())
        known = self._order[:first]
        position = first
        if first and times[known[-1]] > earliest:
            position = bisect_right(known, earliest, key=lambda row: float(times[row]))
        tail = np.concatenate([known[position:], fresh])
        tail = tail[np.argsort(times[tail], kind="stable")]
        self._order[position : self._size] = tail
        return position

    def shown(self, rule: Filter, start: int = 0) -> Ints:
        """Return the rows that a filter lets through, in the order of time from a position."""
        order = self.order[start:]
        keep = np.ones(len(order), np.bool_)
        if rule.edges is not None:
            keep &= np.isin(self._rows["edge"][order], list(rule.edges))
        if rule.levels is not None:
            keep &= np.isin(self._rows["level"][order], list(rule.levels))
        return order[keep]

    def time_of(self, row: int) -> float:
        """Return when a line was written."""
        return float(self._rows["at"][row])

    def counts(self) -> list[int]:
        """Return the number of messages of each level."""
        return [int(count) for count in self._counts]

    def count_of(self, edge_id: int) -> int:
        """Return the number of messages of a device."""
        return self._edges.get(edge_id, 0)

    @property
    def edges(self) -> frozenset[int]:
        """Return the edge ids that lines came from."""
        return frozenset(self._edges)

    def line(self, row: int) -> Line:
        """Return one line."""
        entry = self._rows[row]
        text = self._file.read(int(entry["offset"]), int(entry["length"])).decode()
        return Line(
            float(entry["at"]),
            int(entry["edge"]),
            int(entry["level"]),
            self._sources[int(entry["source"])],
            text,
            bool(entry["continued"]),
        )

    def lines(self, rows: Iterable[int]) -> list[Line]:
        """Return several lines."""
        return [self.line(int(row)) for row in rows]

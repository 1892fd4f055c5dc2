"""A log file of any size: where its lines begin, and reading them by position.

The index is made in pieces on another thread; what is indexed can be read at once. Lines are read
with pread and never mapped: a file that is cut short would kill the process that maps it.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from pathlib import Path

import numpy as np

from agent_core.errors import StorageError
from app.widgets.log_view_store import Ints

BLOCK = 1 << 20  # line starts in one array; arrays are never moved as the file grows
_PIECE = 4 << 20  # bytes indexed at once
LINE_LIMIT = 64 * 1024  # bytes of one line that are shown


class LogFile:
    """Line starts of a file that may still grow."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise _unreadable(path, error) from error
        self._lock = threading.Lock()
        self._blocks: list[Ints] = []
        self._firsts: list[int] = []  # the first line start of each block
        self.count = 0  # whole lines, and one without its end at the end of the file
        self.indexed = 0  # bytes that the index covers
        self._open_end = False  # the last line has no line feed yet

    def __len__(self) -> int:
        """Return the number of lines indexed so far."""
        return self.count

    def size(self) -> int:
        """Return the size of the file now."""
        return os.fstat(self._descriptor).st_size

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes at a position; fewer where the file was cut short."""
        with self._lock:
            if self._descriptor < 0:
                return b""
            if not hasattr(os, "pread"):
                os.lseek(self._descriptor, offset, os.SEEK_SET)
                return os.read(self._descriptor, length)
        return os.pread(self._descriptor, length, offset)

    @property
    def whole(self) -> int:
        """Return how many of the indexed bytes belong to lines that have their end."""
        return self.start(self.count - 1) if self._open_end and self.count else self.indexed

    # --- the index ---
    def index_more(self) -> bool:
        """Index one piece more; return whether there is still something to index.

        Raises StorageError where the file became shorter than what is known of it.
        """
        end = self.size()
        if end < self.indexed:
            raise StorageError(
                f"{self.path.name} was cut short while it was open.",
                next_step="Open it again.",
                code="storage.log_cut",
            )
        piece = self.read(self.indexed, min(_PIECE, end - self.indexed))
        if not piece:
            return False
        breaks = np.flatnonzero(np.frombuffer(piece, np.uint8) == 10).astype(np.int64)
        starts = breaks + (self.indexed + 1)
        if self.indexed == 0 or not self._open_end:
            starts = np.concatenate([[self.indexed], starts])
        ends_open = not piece.endswith(b"\n")
        if not ends_open:
            starts = starts[:-1]  # nothing stands behind the last line feed yet
        self._add(starts)
        self._open_end = ends_open
        self.indexed += len(piece)
        return self.indexed < end

    def _add(self, starts: Ints) -> None:
        while len(starts):
            place = self.count % BLOCK
            if place == 0:
                self._blocks.append(np.empty(BLOCK, np.int64))
                self._firsts.append(int(starts[0]))
            part = starts[: BLOCK - place]
            self._blocks[-1][place : place + len(part)] = part
            self.count += len(part)
            starts = starts[len(part) :]

    def start(self, row: int) -> int:
        """Return where a line begins."""
        return int(self._blocks[row // BLOCK][row % BLOCK])

    def stop(self, row: int) -> int:
        """Return where the next line begins."""
        return self.start(row + 1) if row + 1 < self.count else self.indexed

    def row_at(self, offset: int) -> int:
        """Return the line that holds a byte."""
        block = max(0, bisect_right(self._firsts, offset) - 1)
        filled = min(BLOCK, self.count - block * BLOCK)
        place = int(np.searchsorted(self._blocks[block][:filled], offset, "right")) - 1
        return block * BLOCK + max(0, place)

    def starts(self, first: int, last: int) -> Ints:
        """Return where the lines [first, last) begin."""
        parts = []
        while first < last:
            place = first % BLOCK
            part = self._blocks[first // BLOCK][place : min(BLOCK, place + last - first)]
            parts.append(part)
            first += len(part)
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    # --- lines ---
    def text(self, row: int) -> str:
        """Return a line without its end."""
        start = self.start(row)
        raw = self.read(start, min(self.stop(row) - start, LINE_LIMIT))
        return raw.rstrip(b"\r\n").decode("utf-8", "replace")

    def texts(self, first: int, last: int) -> list[str]:
        """Return lines that follow each other, read at once."""
        last = min(last, self.count)
        if last <= first:
            return []
        begin, end = self.start(first), self.stop(last - 1)
        if end - begin > (last - first) * LINE_LIMIT // 8:
            return [self.text(row) for row in range(first, last)]
        raw = self.read(begin, end - begin)
        starts = (self.starts(first, last) - begin).tolist()
        stops = [*starts[1:], len(raw)]
        return [
            raw[a:b].rstrip(b"\r\n").decode("utf-8", "replace")
            for a, b in zip(starts, stops, strict=True)
        ]


def _unreadable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path.name} cannot be read: {error.strerror}.",
        next_step="Choose another file, or ask for the right to read it.",
        code="storage.log",
    )

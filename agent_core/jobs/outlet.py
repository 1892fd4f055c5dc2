"""Write frames to a descriptor that never blocks, tensors from files; standard library only."""

from __future__ import annotations

import errno
import json
import os
from collections import deque
from typing import Any

from agent_core.jobs.intake import COPY, SPLICE_NONBLOCK
from agent_core.jobs.spool import open_regular, remove
from agent_core.worker.channel import CHUNK, HEAD, MAGIC

BUDGET = 8 * CHUNK  # bytes that one call writes at most


def encode(kind: str, fields: dict[str, Any], body: bytes = b"", blob: int = 0) -> bytes:
    """Return a frame's bytes; those of a blob of `blob` bytes are to follow."""
    header = json.dumps({**fields, "kind": kind}, separators=(",", ":")).encode()
    return HEAD.pack(MAGIC, len(header), len(body) + blob) + header + body


class Outlet:
    """A queue of bytes and files towards a pipe or socket."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.waiting = 0  # bytes in memory
        self._queue: deque[bytes | str] = deque()  # a str is a file: sent, then removed
        self._current = memoryview(b"")
        self._file = -1
        self._left = 0

    @property
    def is_empty(self) -> bool:
        """Return whether everything was written."""
        return not self._current and self._file < 0 and not self._queue

    def put(self, data: bytes, file: str = "") -> None:
        """Queue bytes, and the whole content of a file behind them."""
        self._queue.append(data)
        self.waiting += len(data)
        if file:
            self._queue.append(file)

    def put_first(self, data: bytes) -> None:
        """Queue bytes before everything that was not begun."""
        held: list[bytes | str] = []
        if self._file < 0 and self._queue and isinstance(self._queue[0], str):
            held.append(self._queue.popleft())  # the file of the frame being written
        self._queue.appendleft(data)
        self._queue.extendleft(held)
        self.waiting += len(data)

    def write(self) -> None:
        """Write until the other side takes no more now; raises OSError when it is gone.

        One that reads as fast as we write must not hold up everything else for long.
        """
        try:
            done = 0
            while done < BUDGET and self._next():
                if self._current:
                    sent = os.write(self.descriptor, self._current[:CHUNK])
                    self._current = self._current[sent:]
                    self.waiting -= sent
                    done += sent
                else:
                    done += self._send_file()
        except BlockingIOError:
            pass

    def drop(self) -> None:
        """Forget everything queued."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        for item in self._queue:
            if isinstance(item, str):
                remove(item)
        self._queue.clear()
        self._current = memoryview(b"")
        self.waiting = 0

    def _next(self) -> bool:
        while not self._current and self._file < 0:
            if not self._queue:
                return False
            item = self._queue.popleft()
            if isinstance(item, bytes):
                self._current = memoryview(item)
            else:
                self._file = open_regular(item)
                self._left = os.fstat(self._file).st_size
                remove(item)
        return True

    def _send_file(self) -> int:
        moved = 0
        if self._left:
            moved = self._move(min(self._left, CHUNK))
            if not moved:
                raise OSError("a tensor's file became shorter while it was sent")
            self._left -= moved
        if not self._left:
            os.close(self._file)
            self._file = -1
        return moved

    def _move(self, count: int) -> int:
        if hasattr(os, "splice"):
            try:
                return os.splice(self._file, self.descriptor, count, flags=SPLICE_NONBLOCK)
            except OSError as error:
                if error.errno != errno.EINVAL:  # this kind of file is not spliced; copy it
                    raise
        self._current = memoryview(os.read(self._file, min(count, COPY)))
        self.waiting += len(self._current)
        return len(self._current)

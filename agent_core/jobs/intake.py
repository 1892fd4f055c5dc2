"""Read frames from a descriptor that never blocks, tensors into files; standard library only."""
# ruff: noqa: PTH104, PTH108, PTH118
# (pathlib would cost every keeper its memory)

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable
from typing import Any

from agent_core.worker.channel import BLOB, CHUNK, HEAD, HEADER_LIMIT, MAGIC, ChannelError

BODY_LIMIT = 16 * 1024 * 1024  # of a frame that is no blob; a round message has 1 MiB at most
BLOB_LIMIT = 16 * 1024 * 1024 * 1024
DIGEST = re.compile(r"[0-9a-f]{64}")
SPLICE_NONBLOCK = 2
COPY = 64 * 1024  # bytes at once where the kernel does not move them

Arrived = Callable[[str, dict[str, Any], bytes, int], None]  # kind, fields, body, blob bytes


class FrameReader:
    """Take frames apart as their bytes arrive."""

    def __init__(self, descriptor: int, arrived: Arrived, blobs: str = "") -> None:
        """Read from `descriptor`; `blobs` names the folder for tensors ("" allows none)."""
        self._descriptor = descriptor
        self._arrived = arrived
        self._blobs = blobs
        self._need = HEAD.size
        self._data = bytearray()
        self._state = "head"
        self._kind = ""
        self._fields: dict[str, Any] = {}
        self._body_length = 0
        self._file = -1
        self._left = 0
        self.is_at_end = False

    def read(self, budget: int = 8 * CHUNK) -> int:
        """Read at most about `budget` bytes and return how many; `is_at_end` tells of the end.

        Raises ChannelError, and OSError where a blob cannot be written.
        """
        done = 0
        while done < budget:
            try:
                got = self._step()
            except BlockingIOError:
                break
            if got == 0:
                self.is_at_end = True
                break
            done += got
        return done

    def close(self) -> None:
        """Drop a half-written blob."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            os.unlink(self._part)

    @property
    def _part(self) -> str:
        return os.path.join(self._blobs, "incoming.part")

    def _step(self) -> int:
        if self._state == "blob":
            return self._move_blob()
        data = os.read(self._descriptor, min(CHUNK, self._need - len(self._data)))
        self._data += data
        while len(self._data) == self._need and self._state != "blob":
            self._advance()
        return len(data)

    def _advance(self) -> None:
        if self._state == "head":
            magic, header_length, self._body_length = HEAD.unpack(self._data)
            if magic != MAGIC or header_length > HEADER_LIMIT:
                raise ChannelError("What came over the channel is not a frame.")
            self._expect("header", header_length)
        elif self._state == "header":
            self._read_header()
        else:
            body = bytes(self._data)
            self._expect("head", HEAD.size)
            self._arrived(self._kind, self._fields, body, 0)

    def _expect(self, state: str, need: int) -> None:
        self._state, self._need, self._data = state, need, bytearray()

    def _read_header(self) -> None:
        try:
            fields = json.loads(self._data)
        except (ValueError, RecursionError) as error:
            raise ChannelError("A frame's header is not JSON.") from error
        if not isinstance(fields, dict) or not isinstance(fields.get("kind"), str):
            raise ChannelError("A frame's header names no kind.")
        self._kind, self._fields = fields.pop("kind"), fields
        if self._kind == BLOB and self._blobs:
            self._start_blob()
        elif self._body_length > BODY_LIMIT:
            raise ChannelError(
                f"A {self._kind[:40]} frame of {self._body_length} bytes is too long."
            )
        else:
            self._expect("body", self._body_length)

    def _start_blob(self) -> None:
        digest = self._fields.get("sha256")
        if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
            raise ChannelError("A blob is not named by a sha256.")
        if self._body_length > BLOB_LIMIT:
            raise ChannelError(f"A blob of {self._body_length} bytes is over the limit.")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(self._part, flags, 0o600)
        self._left = self._body_length
        self._expect("blob", 0)
        if not self._left:
            self._finish_blob()

    def _move_blob(self) -> int:
        count = min(self._left, CHUNK)
        moved = splice(self._descriptor, self._file, count)
        self._left -= moved
        if not self._left:
            self._finish_blob()
        return moved

    def _finish_blob(self) -> None:
        os.close(self._file)
        self._file = -1
        os.rename(self._part, os.path.join(self._blobs, self._fields["sha256"]))
        fields = {**self._fields, "size": self._body_length}
        self._expect("head", HEAD.size)
        self._arrived(BLOB, fields, b"", self._body_length)


def splice(source: int, target: int, count: int) -> int:
    """Move bytes from a pipe into a file, in the kernel where it can; 0 at the end.

    Raises BlockingIOError where nothing can be moved now.
    """
    if hasattr(os, "splice"):
        try:
            return os.splice(source, target, count, flags=SPLICE_NONBLOCK)
        except OSError as error:
            if error.errno != errno.EINVAL:  # this kind of file is not spliced; copy it
                raise
    data = os.read(source, min(count, COPY))
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]
    return len(data)

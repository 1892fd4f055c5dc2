"""Keep a job's frames on disk until the agent has committed them; standard library only.

Records are appended to segments `frames-<first seq>.spool`; a record is 24 bytes (magic, sequence,
header length, body length, checksum), the JSON header and the body. A cut tail is no record.
"""
# ruff: noqa: PTH104, PTH108, PTH118, PTH208
# (pathlib would cost every keeper its memory)

from __future__ import annotations

import errno
import itertools
import json
import os
import stat
import struct
import time
import zlib
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

RECORD = struct.Struct(">4sQIII")
MAGIC = b"SDR1"
SEGMENT_LIMIT = 8 * 1024 * 1024
COMMIT_AFTER_S = 0.05  # an attached agent has committed a frame by then; else it is synced here
FREE_SPENT_FROM = 256 * 1024  # a segment that holds acknowledged records only is dropped from here
LENGTH_LIMIT = 64 * 1024 * 1024
READ_ONLY = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
SYNC = getattr(os, "fdatasync", os.fsync)


class Record(NamedTuple):
    """One spooled frame, its header still in JSON."""

    seq: int
    header: bytes
    body: bytes

    def fields(self) -> dict[str, Any]:
        """Return the header's fields, `kind` among them."""
        found = json.loads(self.header)
        return found if isinstance(found, dict) else {}


def open_regular(path: str, flags: int = READ_ONLY) -> int:
    """Open a regular file, never through a symbolic link; raises OSError."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(path)
    return descriptor


def write_atomically(path: str, content: bytes) -> None:
    """Replace a file so that a reader sees the old or the new content, also after a power cut."""
    part = path + ".part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(part, flags, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.ftruncate(descriptor, len(content))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(part, path)


def reserve(path: str, size: int) -> None:
    """Take the room that `write_atomically` will need, while there is some; raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path + ".part", flags, 0o600)
    try:
        if os.write(descriptor, bytes(size)) < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(descriptor)


def segments(folder: str) -> list[tuple[int, str]]:
    """Return the segments of a spool by their first sequence."""
    found = []
    for name in os.listdir(folder):
        middle = name[7:-6]
        if name.startswith("frames-") and name.endswith(".spool") and middle.isdigit():
            found.append((int(middle), os.path.join(folder, name)))
    return sorted(found)


def read_acked(folder: str) -> int:
    """Return the highest sequence that the agent acknowledged."""
    try:
        descriptor = open_regular(os.path.join(folder, "acked"))
    except FileNotFoundError:
        return 0
    try:
        text = os.read(descriptor, 32)
    finally:
        os.close(descriptor)
    return int(text) if text.strip().isdigit() else 0


def write_acked(folder: str, seq: int) -> None:
    """Note the highest acknowledged sequence; a lost note only repeats frames."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(os.path.join(folder, "acked"), flags, 0o600)
    try:
        os.write(descriptor, b"%-20d" % seq)
    finally:
        os.close(descriptor)


class SpoolReader:
    """Read records in order, following the segments."""

    def __init__(self, folder: str, after: int = 0) -> None:
        self._folder = folder
        self._seq = after
        self._descriptor = -1
        self._first = 0

    def next(self, last: int | None = None) -> Record | None:
        """Return the next record up to the `last` one, or None where there is none yet."""
        while last is None or self._seq < last:
            if self._descriptor < 0 and not self._open():
                return None
            record = self._read()
            if record is None:
                if not self._has_later():
                    return None
                self.close()
                continue
            if record.seq > self._seq:
                self._seq = record.seq
                return record
        return None

    def __iter__(self) -> Iterator[Record]:
        """Yield every record that is there."""
        while (record := self.next()) is not None:
            yield record

    def close(self) -> None:
        """Close the open segment."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> bool:
        wanted = self._seq + 1
        known = segments(self._folder)
        before = [entry for entry in known if self._first < entry[0] <= wanted]
        after = [entry for entry in known if entry[0] > max(wanted, self._first)]
        chosen = before[-1] if before else after[0] if after else None
        if chosen is None:
            return False
        try:
            self._descriptor = open_regular(chosen[1])
        except FileNotFoundError:
            return False
        self._first = chosen[0]
        return True

    def _has_later(self) -> bool:
        return any(first > self._first for first, _ in segments(self._folder))

    def _read(self) -> Record | None:
        start = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        head = os.read(self._descriptor, RECORD.size)
        if len(head) == RECORD.size:
            magic, seq, header_length, body_length, checksum = RECORD.unpack(head)
            total = header_length + body_length
            if magic == MAGIC and total <= LENGTH_LIMIT:
                data = os.read(self._descriptor, total)
                if len(data) == total and zlib.crc32(data) == checksum:
                    return Record(seq, data[:header_length], data[header_length:])
        os.lseek(self._descriptor, start, os.SEEK_SET)
        return None


class SpoolWriter:
    """Append records and drop what was acknowledged."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.last = 0  # the last sequence written
        self.commit_at = 0.0  # monotonic; from here on `commit` is due
        self.acked = 0
        self.backlog = 0  # bytes of records not acknowledged yet
        self.blob_backlog = 0
        self._sizes: deque[tuple[int, int, int]] = deque()
        self._blobs: dict[str, int] = {}
        self._descriptor = -1
        self._first = 1
        self._length = 0
        self._rotate()

    def append(self, kind: str, fields: dict[str, Any], body: bytes = b"", blob: int = 0) -> int:
        """Write one record and return its sequence; `commit` makes it durable.

        `blob` counts the bytes of the file that the record names by its `sha256`.
        """
        header = json.dumps({**fields, "kind": kind}, separators=(",", ":")).encode()
        data = header + body
        head = RECORD.pack(MAGIC, self.last + 1, len(header), len(body), zlib.crc32(data))
        if self._length > SEGMENT_LIMIT:
            self._rotate()
        try:
            view = memoryview(head + data)
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            os.ftruncate(self._descriptor, self._length)
            os.lseek(self._descriptor, self._length, os.SEEK_SET)
            raise
        size = len(head) + len(data)
        self._length += size
        self.last += 1
        if not self.commit_at:
            self.commit_at = time.monotonic() + COMMIT_AFTER_S
        if blob:
            self._blobs[str(fields["sha256"])] = self.last
        self._sizes.append((self.last, size, blob))
        self.backlog += size
        self.blob_backlog += blob
        return self.last

    def commit(self) -> None:
        """Put on disk what the agent has not committed by now."""
        if self.acked < self.last and self.commit_at:
            SYNC(self._descriptor)
        self.commit_at = 0.0

    def ack(self, seq: int) -> None:
        """Drop what the agent has committed up to a sequence."""
        seq = min(seq, self.last)
        if seq <= self.acked:
            return
        self.acked = seq
        if seq == self.last:
            self.commit_at = 0.0
        try:
            write_acked(self.folder, seq)
        except OSError:
            pass  # a full disk: what follows frees some of it, and a lost note only repeats frames
        while self._sizes and self._sizes[0][0] <= seq:
            _, size, blob = self._sizes.popleft()
            self.backlog -= size
            self.blob_backlog -= blob
        for digest in [name for name, last in self._blobs.items() if last <= seq]:
            del self._blobs[digest]
            remove(os.path.join(self.folder, "blobs", digest))
        if seq == self.last and self._length > FREE_SPENT_FROM:
            try:
                self._rotate()
            except OSError:
                pass  # the next acknowledgement tries again
        known = segments(self.folder)
        for (_, path), (following, _) in itertools.pairwise(known):
            if following <= seq + 1:
                remove(path)

    def _rotate(self) -> None:
        if self._descriptor >= 0:
            self.commit()
        path = os.path.join(self.folder, f"frames-{self.last + 1:012d}.spool")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)  # where it fails, the present segment stays
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._first, self._length = descriptor, self.last + 1, 0


def remove(path: str) -> None:
    """Remove a file that may be gone already."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass

"""The one zip file of a package's content: same files, same bytes, on every computer.

Members are stored, not deflated, because deflate's output differs between zlib versions; the
headers are written here for the same reason. Layout: the root folder first, then folders and
files sorted by path, time stamp 1980-01-01, mode 0644 and 0755, no extra fields, no comment.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

from agent_core.errors import PackageError
from agent_core.packages.names import parents

CHUNK = 1024 * 1024

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_DATE = (1 << 5) | 1  # 1980-01-01
_UTF8 = 0x800
_VERSION = 20
_MADE_BY = (3 << 8) | _VERSION  # Unix
_FILE_MODE = 0o100644 << 16
_FOLDER_MODE = (0o040755 << 16) | 0x10


@dataclass(frozen=True)
class Member:
    """A file of a package: path below the root, size, CRC-32, and how to open its content."""

    path: str
    size: int
    crc: int
    open: Callable[[], AbstractContextManager[BinaryIO]]


def layout(root: str, members: Iterable[Member]) -> list[tuple[str, Member | None]]:
    """Return the names of all entries in order; None marks a folder."""
    entries: dict[str, Member | None] = {}
    for member in members:
        for folder in parents(member.path):
            entries[f"{folder}/"] = None
        entries[member.path] = member
    return [(f"{root}/", None)] + [(f"{root}/{path}", entries[path]) for path in sorted(entries)]


def write_zip(out: Callable[[bytes], object], root: str, members: Iterable[Member]) -> int:
    """Write the zip through `out` piece by piece and return its size; raises PackageError."""
    offset = 0
    central = []
    entries = layout(root, members)
    for name, member in entries:
        raw = name.encode()
        flags = 0 if raw.isascii() else _UTF8
        crc, size = (member.crc, member.size) if member else (0, 0)
        out(_LOCAL.pack(b"PK\3\4", _VERSION, flags, 0, 0, _DATE, crc, size, size, len(raw), 0))
        out(raw)
        if member:
            _copy(member, out)
        mode = _FILE_MODE if member else _FOLDER_MODE
        central.append(
            _CENTRAL.pack(
                b"PK\1\2", _MADE_BY, _VERSION, flags, 0, 0, _DATE, crc, size, size,
                len(raw), 0, 0, 0, 0, mode, offset,
            ) + raw
        )  # fmt: skip
        offset += _LOCAL.size + len(raw) + size
    directory = b"".join(central)
    out(directory)
    out(_END.pack(b"PK\5\6", 0, 0, len(entries), len(entries), len(directory), offset, 0))
    return offset + len(directory) + _END.size


def _copy(member: Member, out: Callable[[bytes], object]) -> None:
    """Copy a member's content, which must still be what was counted before."""
    crc = size = 0
    with member.open() as source:
        while chunk := source.read(CHUNK):
            crc = zlib.crc32(chunk, crc)
            size += len(chunk)
            if size > member.size:
                break
            out(chunk)
    if (size, crc) != (member.size, member.crc):
        raise PackageError(
            f"The file {member.path} changed while it was packed.",
            next_step="Wait until nothing writes into the folder, then build again.",
            code="package.changed",
        )

"""Open archives that anyone may have made: names, kinds and claimed sizes are checked first.

Headers are only claims, so every byte is also counted while it is read.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from agent_core.errors import HostileArchiveError, PackageError, UserInputError
from agent_core.packages.canonical import CHUNK
from agent_core.packages.content import TEXT_LIMIT
from agent_core.packages.manifest import FileEntry
from agent_core.packages.names import Names, fault

ENTRY_LIMIT = 20_000
UNPACKED_LIMIT = 2 * 1024**3
RATIO_LIMIT = 200
DIRECTORY_LIMIT = 32 * 1024 * 1024  # bytes of the list of entries at the archive's end

_END = struct.Struct("<4sHHHHIIH")
# What zipfile and zlib raise over damaged input.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, ValueError, KeyError, IndexError, OverflowError, EOFError,
    NotImplementedError, RuntimeError, struct.error, MemoryError,
)  # fmt: skip


class Archive:
    """An open package archive whose names and claims have passed; its content not yet."""

    def __init__(self, path: Path, zip_file: zipfile.ZipFile) -> None:
        self.path = path
        self._zip = zip_file
        self.root = ""
        self.files: dict[str, zipfile.ZipInfo] = {}  # by path below the root
        self._check_claims()

    def _check_claims(self) -> None:
        infos = self._zip.infolist()
        if not infos:
            raise damaged(self.path, "it is empty")
        if len(infos) > ENTRY_LIMIT:
            raise hostile(self.path, f"it has more than {ENTRY_LIMIT} entries", "entries")
        names, seen = Names(), set()
        for info in infos:
            self._check_info(info)
            is_folder = info.filename.endswith("/")
            path = info.filename.rstrip("/") if is_folder else info.filename
            found = fault(path) or names.add(path, is_folder=is_folder)
            if not found and info.filename in seen:
                found = "it is there twice"
            if found:
                raise hostile(self.path, f"{_shown(info.filename)}: {found}", "name")
            seen.add(info.filename)
            root, _, below = path.partition("/")
            self.root = self.root or root
            if root != self.root or not (below or is_folder):
                raise damaged(self.path, "its files do not lie in one folder")
            if not is_folder:
                self.files[below] = info
        self._check_sums(infos)

    def _check_info(self, info: zipfile.ZipInfo) -> None:
        name = _shown(info.orig_filename)
        # zipfile cuts names at NUL and, on Windows, turns backslashes.
        if info.orig_filename != info.filename:
            found = fault(info.orig_filename) or "its name has two readings"
            raise hostile(self.path, f"{name}: {found}", "name")
        mode = stat.S_IFMT(info.external_attr >> 16)
        if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            kind = "a link" if stat.S_ISLNK(mode) else "no plain file"
            raise hostile(self.path, f"{name} is {kind}", "kind")
        if info.flag_bits & 0x1:
            raise hostile(self.path, f"{name} is encrypted", "encrypted")
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise hostile(self.path, f"{name} is packed in an unusual way", "method")
        if info.filename.endswith("/") and info.file_size:
            raise hostile(self.path, f"{name} is a folder with content", "kind")

    def _check_sums(self, infos: list[zipfile.ZipInfo]) -> None:
        total = sum(info.file_size for info in infos)
        if total > UNPACKED_LIMIT:
            raise hostile(self.path, "it unpacks to more than 2 GiB", "size")
        if total > RATIO_LIMIT * max(self.path.stat().st_size, 1):
            raise hostile(self.path, f"it unpacks to over {RATIO_LIMIT} times its size", "ratio")

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """Open a file of the package; damage found while reading raises PackageError."""
        if path not in self.files:
            raise PackageError(
                f"{self.path.name} has no file {path}.",
                next_step="Choose a file that its list shows.",
                code="package.file",
            )
        try:
            with self._zip.open(self.files[path]) as source:
                yield cast("BinaryIO", source)
        except _DAMAGE as error:
            raise damaged(self.path, f"{path}: {_why(error)}") from error

    def has(self, path: str) -> bool:
        """Return whether there is such a file."""
        return path in self.files

    def read(self, path: str, limit: int = TEXT_LIMIT) -> bytes:
        """Return a whole file of at most `limit` bytes."""
        with self.open(path) as source:
            data = source.read(limit + 1)
        if len(data) > limit:
            raise PackageError(
                f"{path} in {self.path.name} is larger than {limit} bytes.",
                next_step="Ask the builder for a smaller file.",
                code="package.file",
            )
        return data

    def mentions(self, text: bytes) -> bool:
        """Return whether a text stands anywhere in the archive's bytes."""
        before = b""
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                if text in before + chunk:
                    return True
                before = chunk[-len(text) :]
        return False

    def entries(self) -> list[FileEntry]:
        """Read every file to its end, counted, and return them hashed and sorted."""
        found, total = [], 0
        limit = min(UNPACKED_LIMIT, RATIO_LIMIT * max(self.path.stat().st_size, 1))
        for path in sorted(self.files):
            digest, size = hashlib.sha256(), 0
            with self.open(path) as source:
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    total += len(chunk)
                    if total > limit:
                        raise hostile(self.path, "it unpacks to more than it says", "size")
            if size != self.files[path].file_size:
                raise damaged(self.path, f"{path} is cut")
            found.append(FileEntry(path=path, size=size, sha256=digest.hexdigest()))
        return found


@contextlib.contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a package archive after checking names and claims; raises PackageError."""
    try:
        with path.open("rb") as file:
            _check_end(path, file)
            try:
                zip_file = zipfile.ZipFile(file)
            except _DAMAGE as error:
                raise damaged(path, _why(error)) from error
            with zip_file:
                yield Archive(path, zip_file)
    except OSError as error:
        if error.filename is not None and Path(error.filename) != path:
            raise
        if error.errno == errno.EINVAL:  # a header sent zipfile to a place before the start
            raise damaged(path, "an offset in it leads nowhere") from error
        raise UserInputError(
            f"The package {path} cannot be read: {error.strerror or error}.",
            next_step="Check the path and its permissions.",
            code="input.package",
        ) from error


def _check_end(path: Path, file: BinaryIO) -> None:
    """Refuse an over-long list of entries before zipfile reads it into memory."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 65_535 - _END.size))
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise damaged(path, "it is not a zip file, or it is cut")
    _, _, _, _, count, length, _, _ = _END.unpack_from(tail, at)
    if count == 0xFFFF or tail[max(0, at - 20) : at].startswith(b"PK\6\7"):
        raise hostile(path, f"it has more than {ENTRY_LIMIT} entries", "entries")
    if length > DIRECTORY_LIMIT:
        raise hostile(path, "its list of entries is over the limit", "entries")
    file.seek(0)


def _why(error: BaseException) -> str:
    return str(error).rstrip(".")[:200] or "it is cut"


def _shown(name: str) -> str:
    return ascii(name[:80])[1:-1]


def hostile(path: Path, cause: str, kind: str) -> HostileArchiveError:
    """Return the error for an archive that tries something."""
    return HostileArchiveError(
        f"{path.name} is refused: {cause}.",
        next_step="Do not use it; ask its sender what it is. Nothing of it was written.",
        code=f"archive.{kind}",
    )


def damaged(path: Path, cause: str) -> PackageError:
    """Return the error for a package that is not whole."""
    return PackageError(
        f"{path.name} is no intact package: {cause}.",
        next_step="Fetch or build it again; nothing of it was written.",
        code="package.damaged",
    )

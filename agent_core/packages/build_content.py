"""The files to pack, on disk and generated, as describer and zip writer read them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from agent_core.errors import PackageError, StorageError
from agent_core.packages.canonical import CHUNK, Member
from agent_core.packages.collect import Collected
from agent_core.packages.content import TEXT_LIMIT, shown
from agent_core.packages.manifest import FileEntry


class BuildContent:
    """The files of a package that is being built."""

    def __init__(self, collected: Collected, generated: dict[str, bytes]) -> None:
        self._files = collected.files
        self._generated = generated
        self._counts: dict[str, tuple[int, int, str]] = {}  # of files on disk

    def paths(self) -> list[str]:
        """Return all paths below the package root, sorted."""
        return sorted([*self._files, *self._generated])

    def has(self, path: str) -> bool:
        """Return whether there is such a file."""
        return path in self._files or path in self._generated

    def read(self, path: str, limit: int = TEXT_LIMIT) -> bytes:
        """Return a file of at most `limit` bytes; raises PackageError."""
        with self.open(path) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise PackageError(
                f"{shown(path)} is larger than {limit} bytes, too large to be understood.",
                next_step="Move data out of it.",
                code="package.file",
            )
        return data

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """Open a file; raises StorageError where it cannot be read."""
        if path in self._generated:
            yield io.BytesIO(self._generated[path])
            return
        disk = self._files[path]
        try:
            with disk.open("rb") as file:
                yield file
        except OSError as error:
            if error.filename not in {None, str(disk)}:
                raise
            raise StorageError(
                f"{disk} cannot be read: {error.strerror}.",
                next_step="Check its permissions, or leave it out with -ig.",
            ) from error

    def counted(self, path: str) -> tuple[int, int, str]:
        """Return size, CRC-32 and SHA-256 of a file; of one on disk as first read."""
        if path in self._counts:
            return self._counts[path]
        digest, crc, size = hashlib.sha256(), 0, 0
        with self.open(path) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                crc = zlib.crc32(chunk, crc)
                size += len(chunk)
        counts = (size, crc, digest.hexdigest())
        if path not in self._generated:
            self._counts[path] = counts
        return counts

    def entry(self, path: str) -> FileEntry:
        """Return a file as the manifest lists it."""
        size, _, sha256 = self.counted(path)
        return FileEntry(path=path, size=size, sha256=sha256)

    def member(self, path: str) -> Member:
        """Return a file as the zip writer takes it."""
        size, crc, _ = self.counted(path)
        return Member(path, size, crc, lambda: self.open(path))

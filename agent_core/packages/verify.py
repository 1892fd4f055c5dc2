"""Verify a package file: every bit, the builder's signature, and what it is in words."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from agent_core.errors import PackageError
from agent_core.keys import fingerprint_words
from agent_core.packages.archive import check_files
from agent_core.packages.canonical import CHUNK, Member, write_zip
from agent_core.packages.manifest import (
    SIGNATURE_PATH,
    FileEntry,
    Manifest,
    check_signature,
)
from agent_core.packages.reader import Archive, open_archive


@dataclass(frozen=True)
class Verification:
    """What is known about a package file after every bit of it was checked."""

    path: Path
    zip_sha256: str
    size: int
    content_digest: str
    fingerprint: str  # the content digest in words
    manifest: Manifest
    signed: bool
    builder_key: str
    made_elsewhere: bool  # by another tool: no manifest, no signature
    files: list[FileEntry]

    @property
    def type(self) -> str:
        """Return client, server or flower."""
        return self.manifest.type

    @property
    def name(self) -> str:
        """Return the package's name."""
        return self.manifest.name

    @property
    def engine(self) -> str:
        """Return flower, fedml or script."""
        return self.manifest.engine


def verify(path: Path) -> Verification:
    """Return what a package is; raises PackageError where any bit of it is wrong."""
    with open_archive(path) as archive:
        checked = check_files(archive)
        builder_key = ""
        if checked.raw is not None:
            if archive.has(SIGNATURE_PATH):
                builder_key = check_signature(archive.read(SIGNATURE_PATH), checked.raw)
            _check_canonical(archive, f"{checked.manifest.type}-package")
    zip_sha256, size = file_sha256(path)
    digest = checked.manifest.content_digest
    return Verification(
        path=path,
        zip_sha256=zip_sha256,
        size=size,
        content_digest=digest,
        fingerprint=fingerprint_words(digest),
        manifest=checked.manifest,
        signed=bool(builder_key),
        builder_key=builder_key,
        made_elsewhere=checked.raw is None,
        files=checked.entries,
    )


def file_sha256(path: Path) -> tuple[str, int]:
    """Return the SHA-256 and size of a file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


def _check_canonical(archive: Archive, root: str) -> None:
    """Build the canonical zip of the content again and compare it byte for byte.

    Content hashes do not see a flipped bit in a header; this does.
    """
    members = [
        Member(path, info.file_size, info.CRC, partial(archive.open, path))
        for path, info in archive.files.items()
    ]
    with archive.path.open("rb") as file:
        write_zip(partial(_compare, archive.path, file), root, members)
        if file.read(1):
            raise _differs(archive.path)


def _compare(path: Path, file: BinaryIO, data: bytes) -> None:
    if file.read(len(data)) != data:
        raise _differs(path)


def _differs(path: Path) -> PackageError:
    return PackageError(
        f"{path.name} differs from what its builder wrote.",
        next_step="Fetch it again; if it stays so, ask its builder for it. Nothing was used.",
        code="package.damaged",
    )

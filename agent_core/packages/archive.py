"""Unpack package archives: everything is refused before a byte is written."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_core.errors import StorageError, UserInputError
from agent_core.packages.canonical import CHUNK
from agent_core.packages.describe import describe_foreign
from agent_core.packages.manifest import (
    MANIFEST_LIMIT,
    MANIFEST_PATH,
    SIGNATURE_PATH,
    FileEntry,
    Manifest,
    read_manifest,
)
from agent_core.packages.reader import Archive, damaged, open_archive

__all__ = ["Archive", "Checked", "check_files", "empty", "extract", "open_archive"]


@dataclass(frozen=True)
class Checked:
    """A package's content after every byte of it was read."""

    manifest: Manifest
    entries: list[FileEntry]  # of all files, manifest and signature too
    raw: dict[str, Any] | None  # the manifest's fields as they stand; None: made elsewhere


def check_files(archive: Archive) -> Checked:
    """Read everything and compare it with the manifest; raises PackageError.

    A package that another tool made has no manifest; one is then made from its content.
    """
    entries = archive.entries()
    if not archive.has(MANIFEST_PATH):
        if archive.has(SIGNATURE_PATH) or archive.mentions(MANIFEST_PATH.encode()):
            raise damaged(archive.path, "its manifest is gone")
        return Checked(describe_foreign(archive, entries, archive.root), entries, None)
    manifest, raw = read_manifest(archive.read(MANIFEST_PATH, MANIFEST_LIMIT))
    own = [e for e in entries if e.path not in {MANIFEST_PATH, SIGNATURE_PATH}]
    listed = {entry.path: entry for entry in manifest.files}
    wrong = [entry.path for entry in own if listed.get(entry.path) != entry]
    if wrong:
        raise damaged(archive.path, f"{wrong[0]} is not what the manifest lists")
    if len(own) != len(listed):
        raise damaged(archive.path, "a file that the manifest lists is missing")
    return Checked(manifest, entries, raw)


def extract(path: Path, dest: Path, *, content_digest: str = "", replace: bool = False) -> Manifest:
    """Unpack a package so that `dest` is its root, and return its manifest.

    `dest` is filled in place (a sandbox may already show it) and has to be missing or empty,
    unless `replace` empties it. With `content_digest` nothing but that content is unpacked.
    Raises PackageError or HostileArchiveError before a byte is written.
    """
    with open_archive(path) as archive:
        checked = check_files(archive)
        if content_digest and checked.manifest.content_digest != content_digest:
            raise damaged(path, "it is not the content that was asked for")
        _prepare(dest, replace=replace)
        try:
            for entry in checked.entries:
                _write(archive, entry, dest / entry.path)
        except BaseException as error:
            # Whatever ended it, half a package must not stay; the error goes on to the caller.
            empty(dest)
            if isinstance(error, OSError):
                raise StorageError(
                    f"{path.name} cannot be unpacked into {dest}: {error.strerror}.",
                    next_step="Free some space or check the folder's permissions.",
                ) from error
            raise
        return checked.manifest


def _prepare(dest: Path, *, replace: bool) -> None:
    try:
        dest.mkdir(parents=True, exist_ok=True)
        if replace:
            empty(dest)
        is_empty = not any(dest.iterdir())
    except OSError as error:
        raise StorageError(
            f"The folder {dest} cannot be used: {error.strerror}.",
            next_step="Name another folder, or check its permissions.",
        ) from error
    if not is_empty:
        raise UserInputError(
            f"The folder {dest} is not empty.",
            next_step="Name a new folder, or empty this one.",
            code="input.folder",
        )


def empty(folder: Path) -> None:
    """Remove what is in a folder, and leave the folder."""
    for child in folder.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()


def _write(archive: Archive, entry: FileEntry, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with archive.open(entry.path) as source, target.open("xb") as file:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
    if digest.hexdigest() != entry.sha256:
        raise damaged(archive.path, "it changed while it was unpacked")

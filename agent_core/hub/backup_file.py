"""The backup's one file: a zip whose last entry lists every other with size and sha256."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from agent_core.errors import StorageError, UserInputError

FORMAT = 1
LISTING = "backup.json"
BLOCK = 1024 * 1024
LISTING_LIMIT = 256 * 1024 * 1024
_NAME = re.compile(r"(hub|objects)/[A-Za-z0-9._/-]{1,500}")


@dataclass
class Listing:
    """What a backup holds."""

    name: str = ""
    version: str = ""
    made_at: float = 0.0
    format: int = FORMAT
    files: dict[str, dict[str, Any]] = field(default_factory=dict)  # entry -> {size, sha256}

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(int(one["size"]) for one in self.files.values())


class BackupWriter:
    """Write entries and remember their hashes; the file appears under its name when it is whole."""

    def __init__(self, path: Path, listing: Listing) -> None:
        self.path, self.listing = path, listing
        self._part = path.with_name(f".{path.name}.part")

    def __enter__(self) -> Self:
        """Open the part file, which only its owner may read: it holds the hub's keys."""
        try:
            self._part.unlink(missing_ok=True)
            number = os.open(self._part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._file = os.fdopen(number, "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        return self

    def add(self, entry: str, path: Path, *, packed: bool = True) -> None:
        """Add a file."""
        digest, size = hashlib.sha256(), 0
        info = zipfile.ZipInfo(entry, time.localtime()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        try:
            with path.open("rb") as source, self._zip.open(info, "w", force_zip64=True) as target:
                while block := source.read(BLOCK):
                    digest.update(block)
                    size += len(block)
                    target.write(block)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self.listing.files[entry] = {"size": size, "sha256": digest.hexdigest()}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Finish the file, or remove what there is of it."""
        try:
            if kind is None:
                self._zip.writestr(LISTING, json.dumps(asdict(self.listing), indent=1))
            self._zip.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            if kind is None:
                self._part.replace(self.path)
        except OSError as failed:
            raise _unwritable(self.path, failed) from failed
        finally:
            self._part.unlink(missing_ok=True)


def digest_of(path: Path) -> str:
    """Return the sha256 of a whole file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Listing]]:
    """Give a backup with its listing; raises UserInputError for what is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive, read_listing(archive)
    except FileNotFoundError as error:
        raise UserInputError(
            f"There is no backup {path}.", next_step="Check the path.", code="input.backup"
        ) from error
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise _damaged(str(error)) from error


def read_listing(archive: zipfile.ZipFile) -> Listing:
    """Return what a backup says of itself, checked."""
    try:
        info = archive.getinfo(LISTING)
        content = json.loads(archive.read(LISTING)) if info.file_size <= LISTING_LIMIT else {}
        version = int(content["format"])
        listing = Listing(**{key: content[key] for key in asdict(Listing())})
        fault = _fault(archive, listing)
    except (KeyError, ValueError, TypeError) as error:
        raise _damaged(f"its listing cannot be read ({type(error).__name__})") from error
    if version != FORMAT:
        raise UserInputError(
            "This backup was made by another version of SiloDesk.",
            next_step="Restore it with the version that made it.",
            code="input.backup",
        )
    if fault:
        raise _damaged(fault)
    return listing


def _fault(archive: zipfile.ZipFile, listing: Listing) -> str:
    entries = archive.namelist()
    names = set(entries) - {LISTING}
    if names != set(listing.files) or len(entries) != len(names) + 1:
        return "its entries are not the ones it lists"
    for name, one in listing.files.items():
        if not _NAME.fullmatch(name) or ".." in name or "//" in name:
            return "it names a file that no backup has"
        if archive.getinfo(name).file_size != int(one["size"]):
            return "a size differs"
    return ""


def extract(archive: zipfile.ZipFile, listing: Listing, entry: str, target: Path) -> None:
    """Write one entry to a file, readable by its owner only, and check its hash."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    try:
        number = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "wb") as file, archive.open(entry) as source:
            _copy(source, file, digest)
    except zipfile.BadZipFile as error:
        raise _damaged(f"{entry}: {error}") from error
    except OSError as error:
        raise StorageError(
            f"The backup cannot be unpacked to {target}: {error.strerror or error}.",
            next_step="Free some space or check the folder's permissions.",
        ) from error
    if digest.hexdigest() != listing.files[entry]["sha256"]:
        raise _damaged(f"{entry} has another hash than it lists")


def _copy(source: IO[bytes], target: IO[bytes], digest: Any) -> None:
    while block := source.read(BLOCK):
        digest.update(block)
        target.write(block)


def _damaged(why: str) -> UserInputError:
    return UserInputError(
        f"This backup is damaged or no backup: {why}.",
        next_step="Use another backup; nothing was changed.",
        code="input.backup",
    )


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The backup {path} cannot be written: {error.strerror or error}.",
        next_step="Choose a folder that exists, is yours, and has room.",
        code="storage.backup",
    )

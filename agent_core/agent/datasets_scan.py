"""Read a dataset's content once: its hash, its size, and what it holds; in bounded memory."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agent_core.agent.datasets_images import IMAGES, classes_of
from agent_core.agent.datasets_parquet import CancelledReadError, count, is_parquet
from agent_core.agent.datasets_rows import RowCount
from agent_core.agent.datasets_table import TABLES, look_at
from agent_core.errors import LimitError, StorageError, UserInputError
from agent_core.protocol.records_data import DatasetClass, DatasetColumn, Kind

CHUNK = 1024 * 1024
FILE_LIMIT = 2_000_000
LOOKED_AT = 2_000  # rows of the first table, for its columns
Tell = Callable[[int, int], None]  # bytes done, bytes in all


class CancelledScanError(Exception):
    """The person stopped the reading."""


@dataclass(frozen=True)
class Entry:
    """A file of a dataset; a link is known by where it points, and never followed."""

    path: str  # below the dataset's root
    size: int
    mark: str  # changes whenever the file does: size, times, inode
    link: str = ""


@dataclass
class Scanned:
    """What a whole reading found."""

    hash: str
    mark: str
    files: int
    size: int
    rows: int | None = None
    rows_exact: bool = True
    columns: list[DatasetColumn] = field(default_factory=list)
    classes: list[DatasetClass] = field(default_factory=list)
    notice: str = ""


def entries_of(root: Path) -> list[Entry]:
    """Return a dataset's files in order; raises UserInputError where it is gone."""
    try:
        if root.is_file():
            return [one for one in (_entry(root, root.name),) if one is not None]
        found = [_entry(Path(path), name) for path, name in _walk(root)]
    except OSError as error:
        raise unreadable(root, error) from error
    return sorted((one for one in found if one is not None), key=lambda one: one.path)


def mark_of(entries: list[Entry]) -> str:
    """Return a mark of sizes and times: the same mark, the same content as when it was read."""
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(f"{entry.path}\0{entry.mark}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def kind_of(root: Path) -> Kind:
    """Return what a file or folder holds, judged by the names of its files."""
    names = [entry.path.lower() for entry in entries_of(root)]
    if any(name.endswith(TABLES) for name in names):
        return "csv"
    if any(map(is_parquet, names)):
        return "parquet"
    images = sum(name.endswith(IMAGES) for name in names)
    return "images" if images and images * 2 >= len(names) else "any"


def scan(
    root: Path, kind: Kind, tell: Tell = lambda *_: None, is_cancelled: Callable[[], bool] = bool
) -> Scanned:
    """Read everything; raises CancelledScanError, or StorageError where a file cannot be read."""
    entries = entries_of(root)
    total = sum(entry.size for entry in entries)
    base = root.parent if root.is_file() else root
    whole, done = hashlib.sha256(), 0
    counts: list[RowCount] = []
    for entry in entries:
        digest = hashlib.sha256()
        counter = RowCount() if kind == "csv" and entry.path.lower().endswith(TABLES) else None
        if entry.link:
            digest.update(f"link to {entry.link}".encode("utf-8", "surrogateescape"))
        else:
            for chunk in _chunks(base / entry.path):
                digest.update(chunk)
                if counter is not None:
                    counter.take(chunk)
                done += len(chunk)
                tell(done, max(total, done))
                if is_cancelled():
                    raise CancelledScanError
        if counter is not None:
            counts.append(counter)
        line = f"{entry.path}\0{digest.hexdigest()}\n"
        whole.update(line.encode("utf-8", "surrogateescape"))
    made = Scanned(whole.hexdigest(), mark_of(entries), len(entries), total)
    try:
        _describe(made, root, kind, entries, counts, is_cancelled)
    except CancelledReadError:
        raise CancelledScanError from None
    return made


def _describe(
    made: Scanned, root: Path, kind: Kind, entries: list[Entry], counts: list[RowCount],
    is_cancelled: Callable[[], bool],
) -> None:  # fmt: skip
    paths = [entry.path for entry in entries if not entry.link]
    if kind == "csv":
        base = root.parent if root.is_file() else root
        tables = [path for path in paths if path.lower().endswith(TABLES)]
        looks = [look_at(base / path, limit=LOOKED_AT) for path in tables[:1]]
        made.columns = looks[0].columns if looks else []
        has_head = bool(looks) and looks[0].has_head
        made.rows = sum(max(0, count.rows() - has_head) for count in counts)
        made.rows_exact = all(count.is_exact for count in counts)
        if looks and looks[0].notice:
            made.notice = looks[0].notice
    elif kind == "images":
        made.classes = classes_of(root, [(one.path, one.size) for one in entries if not one.link])
        made.rows = sum(one.count for one in made.classes)
    elif any(map(is_parquet, paths)):
        base = root.parent if root.is_file() else root
        _describe_parquet(made, base, [path for path in paths if is_parquet(path)], is_cancelled)
    links = sum(bool(entry.link) for entry in entries)
    if links:
        note = f"{links} links are not followed; a job cannot read them."
        made.notice = f"{made.notice} {note}".strip()


def _describe_parquet(
    made: Scanned, base: Path, paths: list[str], is_cancelled: Callable[[], bool]
) -> None:
    found = count(base, paths, is_cancelled, LOOKED_AT)
    made.rows = sum(found.rows.values())
    made.rows_exact = not found.errors
    if found.look is not None:
        made.columns = found.look.columns
        if found.look.width > len(found.look.columns) > 0:
            made.notice = more_columns(len(found.look.columns), found.look.width)
    if found.errors:
        path, why = next(iter(found.errors.items()))
        made.notice = f"{Path(path).name} cannot be read as a Parquet file: {why}."


def more_columns(shown: int, count: int) -> str:
    """Return that a table has more columns than are shown."""
    return f"The first {shown:,} of {count:,} columns are shown."


def _walk(root: Path) -> Iterator[tuple[str, str]]:
    if not root.is_dir():
        raise FileNotFoundError(2, "it does not exist", str(root))
    count = 0
    for folder, _folders, names in os.walk(root, onerror=_raise, followlinks=False):
        for name in (*names, *(one for one in _folders if Path(folder, one).is_symlink())):
            path = os.path.join(folder, name)  # noqa: PTH118 - millions of names: strings are quick
            count += 1
            if count > FILE_LIMIT:
                raise LimitError(
                    f"{root} holds more than {FILE_LIMIT:,} files.",
                    next_step="Register the folders below it one by one.",
                    code="limit.dataset",
                )
            yield path, os.path.relpath(path, root).replace(os.sep, "/")


def _raise(error: OSError) -> None:
    raise error


def _entry(path: Path, name: str) -> Entry | None:
    found = path.lstat()
    mark = f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"
    if stat.S_ISLNK(found.st_mode):
        return Entry(name, 0, mark, link=str(path.readlink()))
    return Entry(name, found.st_size, mark) if stat.S_ISREG(found.st_mode) else None


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise StorageError(
            f"{path} cannot be read: {error.strerror or error}.",
            next_step="Check the rights of the account that runs SiloDesk, then read it again.",
            code="storage.dataset",
        ) from error


def unreadable(root: Path, error: OSError) -> UserInputError:
    """Return the error of a dataset whose place cannot be read."""
    is_gone = isinstance(error, FileNotFoundError)
    why = "it does not exist" if is_gone else (error.strerror or str(error)).lower()
    return UserInputError(
        f"The data at {root} cannot be read: {why}.",
        next_step="Bring it back or check its rights, or remove the dataset.",
        code="input.data",
        field="path",
    )

"""Walk the folders of a package: which files go in, which stay out and why."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from agent_core.errors import PackageError, StorageError
from agent_core.packages.content import CONFIG, SOURCE
from agent_core.packages.ignore import SECRET, FlowerFiles, IgnoreRules, holds_private_key
from agent_core.packages.names import Names
from agent_core.packages.reader import ENTRY_LIMIT, UNPACKED_LIMIT

SIZE_LIMIT = UNPACKED_LIMIT - 64 * 1024 * 1024  # what manifest and headers may take
COUNT_LIMIT = ENTRY_LIMIT - 100
SHOWN_OF_A_FOLDER = 10
_COUNTED = 20_000  # files looked at to say how large a left-out folder is


class LeftOut(NamedTuple):
    """What stays out: its path below the named folder, why, and its bytes where counted."""

    path: str
    reason: str
    size: int | None = None


@dataclass
class Collected:
    """The files of a package by path below its root, and what was left out."""

    files: dict[str, Path] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    total: int = 0  # bytes of all files

    def add(self, path: str, disk: Path, size: int) -> None:
        """Take a file in."""
        self.files[path] = disk
        self.sizes[path] = size
        self.total += size

    def drop(self, path: str) -> None:
        """Take a file out again."""
        del self.files[path]
        self.total -= self.sizes.pop(path)


def collect(
    source: Path, config: Path | None, patterns: str = "", flower: FlowerFiles | None = None
) -> Collected:
    """Return the files of a source folder and of a config folder; raises PackageError."""
    collected = Collected()
    replaced = None
    if config is not None and config.resolve() != (source / "config").resolve():
        replaced = source / "config"
    _Walk(collected, source, SOURCE, IgnoreRules(patterns, flower=flower), replaced).run()
    if config is not None:
        for path in [path for path in collected.files if path.startswith(f"{CONFIG}/")]:
            collected.drop(path)
        collected.left_out = [
            item for item in collected.left_out if not item.path.startswith("config/")
        ]
        rules = IgnoreRules(patterns, is_config=True)
        _Walk(collected, config, CONFIG, rules, None).run()
    names = Names()
    for path in sorted(collected.files):
        found = names.add(path)
        if found:
            raise PackageError(
                f"The file {collected.files[path]} cannot be packed: {found}.",
                next_step="Rename it, or leave it out with -ig.",
                code="package.name",
            )
    return collected


def grouped(items: list[LeftOut]) -> list[LeftOut]:
    """Return many files of one folder that stay out for one reason as one line."""
    groups: dict[tuple[str, str], list[LeftOut]] = {}
    for item in items:
        groups.setdefault((posixpath.dirname(item.path), item.reason), []).append(item)
    found: list[LeftOut] = []
    for (folder, reason), members in groups.items():
        if len(members) <= SHOWN_OF_A_FOLDER:
            found += members
        else:
            total = sum(item.size or 0 for item in members)
            found.append(LeftOut(f"{folder or '.'} ({len(members)} files)", reason, total))
    return found


class _Walk:
    """One walk over one folder."""

    def __init__(
        self, into: Collected, root: Path, prefix: str, rules: IgnoreRules, replaced: Path | None
    ) -> None:
        self._into = into
        self._root = root.resolve()
        self._prefix = prefix
        self._rules = rules
        self._replaced = replaced.resolve() if replaced else None

    def run(self) -> None:
        """Walk the whole folder, outer folders first, in sorted order."""
        waiting = [""]
        while waiting:
            relative = waiting.pop()
            folder = self._root / relative
            self._rules.enter(folder, relative)
            inner = []
            for item in self._listed(folder):
                below = f"{relative}/{item.name}" if relative else item.name
                if self._take(Path(item.path), below):
                    inner.append(below)
            waiting += reversed(inner)

    def _listed(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as items:
                found = sorted(items, key=lambda item: item.name)
        except OSError as error:
            raise StorageError(
                f"The folder {folder} cannot be read: {error.strerror}.",
                next_step="Check its permissions, or leave it out with -ig.",
            ) from error
        if not found and folder != self._root:
            below = folder.relative_to(self._root).as_posix()
            self._into.left_out.append(LeftOut(self._label(below), "empty folder", 0))
        return found

    def _take(self, path: Path, below: str) -> bool:
        """Take a file, or return True for a folder to walk."""
        is_folder = path.is_dir() and not path.is_symlink()
        reason = self._rules.reason(path, below, is_folder=is_folder)
        if not reason and self._replaced is not None and path == self._replaced:
            reason = "replaced by the config folder"
        reason = reason or self._kind_fault(path, is_folder=is_folder)
        if not reason and not is_folder and holds_private_key(path):
            reason = SECRET
        if reason:
            self._into.left_out.append(LeftOut(self._label(below), reason, size_of(path)))
            return False
        if is_folder:
            return True
        target = f"{self._prefix}/{below}"
        self._into.add(target, path, path.stat().st_size)
        self._check_limits()
        return False

    def _kind_fault(self, path: Path, *, is_folder: bool) -> str:
        if is_folder:
            return ""
        if path.is_symlink():
            if not Path(os.path.realpath(path)).is_relative_to(self._root):
                return "a link out of the folder"
            if path.is_dir():
                return "a link to a folder"
            if not path.exists():
                return "a link to nothing"
        return "" if path.is_file() else "no plain file"

    def _label(self, below: str) -> str:
        return f"config/{below}" if self._prefix == CONFIG else below

    def _check_limits(self) -> None:
        if len(self._into.files) > COUNT_LIMIT:
            fault = f"has more than {COUNT_LIMIT} files"
        elif self._into.total > SIZE_LIMIT:
            fault = "is larger than 2 GiB"
        else:
            return
        largest = max(self._into.sizes, key=lambda path: self._into.sizes[path])
        raise PackageError(
            f"{self._root} {fault}; a package may not (largest file: {largest}).",
            next_step="Leave data and results out: -ig PATTERN, or a .gitignore.",
            code="package.size",
        )


def size_of(path: Path) -> int | None:
    """Return the bytes of a file or folder, or None where it is too large to count."""
    try:
        if path.is_symlink() or not path.is_dir():
            return path.lstat().st_size
        total, seen = 0, 0
        for folder, _, files in os.walk(path):
            for name in files:
                seen += 1
                if seen > _COUNTED:
                    return None
                total += (Path(folder) / name).lstat().st_size
        return total
    except OSError:
        return None  # only a figure beside the reason; what is packed is read elsewhere

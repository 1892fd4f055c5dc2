"""Look into a package without running anything: files, risky calls, text, differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_core.packages.content import TEXT_LIMIT
from agent_core.packages.manifest import Manifest
from agent_core.packages.reader import Archive, open_archive
from agent_core.packages.risks import Risk, risks_in
from agent_core.packages.verify import Verification, verify

RISK_LIMIT = 2_000
_CODE = (".py", ".pyw")


@dataclass(frozen=True)
class Inspection:
    """A verified package, and the calls in it to look at."""

    verification: Verification
    risks: list[Risk]


@dataclass(frozen=True)
class FileText:
    """A file of a package for people to read; a binary one has no text."""

    path: str
    text: str
    is_binary: bool
    size: int
    is_cut: bool = False


def inspect_package(path: Path) -> Inspection:
    """Verify a package and mark its risky calls; raises PackageError."""
    verification = verify(path)
    with open_archive(path) as archive:
        return Inspection(verification, risks_of(archive))


def risks_of(archive: Archive) -> list[Risk]:
    """Return the calls to look at in all Python files of a package."""
    found: list[Risk] = []
    for path in sorted(archive.files):
        if path.endswith(_CODE) and len(found) < RISK_LIMIT:
            text = _text(archive, path)
            if text.is_binary or text.is_cut:
                found.append(Risk(path, 1, "unreadable", "", "It is not text, or very long."))
            else:
                found += risks_in(text.text, path)
    return found[:RISK_LIMIT]


def read_text(package: Path, path: str) -> FileText:
    """Return a file of a package as text; raises PackageError where there is none."""
    with open_archive(package) as archive:
        return _text(archive, path)


def _text(archive: Archive, path: str) -> FileText:
    with archive.open(path) as source:
        data = source.read(TEXT_LIMIT + 1)
    size = archive.files[path].file_size
    is_cut = len(data) > TEXT_LIMIT
    if b"\0" in data:
        return FileText(path, "", is_binary=True, size=size, is_cut=is_cut)
    try:
        text = data[:TEXT_LIMIT].decode("utf-8-sig", "ignore" if is_cut else "strict")
    except UnicodeDecodeError:
        return FileText(path, "", is_binary=True, size=size, is_cut=is_cut)
    return FileText(path, text, is_binary=False, size=size, is_cut=is_cut)


def changed_files(old: Manifest | None, new: Manifest) -> list[str]:
    """Return the paths that were added, changed or removed; all of them without an old one."""
    before = {file.path: file.sha256 for file in old.files} if old else {}
    after = {file.path: file.sha256 for file in new.files}
    return sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )


def tree(paths: Sequence[tuple[str, int]]) -> list[str]:
    """Return paths and sizes as an indented tree, a line each."""
    lines: list[str] = []
    shown: set[str] = set()
    for path, size in sorted(paths):
        parts = path.split("/")
        for depth in range(len(parts) - 1):
            folder = "/".join(parts[: depth + 1])
            if folder not in shown:
                shown.add(folder)
                lines.append(f"{'  ' * depth}{parts[depth]}/")
        lines.append(f"{'  ' * (len(parts) - 1)}{parts[-1]}  {human_size(size)}")
    return lines


def human_size(size: int) -> str:
    """Return bytes as people read them."""
    if size < 1000:
        return f"{size} B"
    value, units = float(size), ["kB", "MB", "GB", "TB"]
    unit = units.pop(0)
    value /= 1000
    while value >= 1000 and units:
        value /= 1000
        unit = units.pop(0)
    return f"{value:.1f} {unit}"

"""Everything an operator needs to judge a package: what changed, and which calls to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent_core.agent.approval_diff import DiffRow, counts, diff
from agent_core.errors import PackageError
from agent_core.packages.archive import Archive, open_archive
from agent_core.packages.inspect import RISK_LIMIT, risks_of
from agent_core.packages.risks import Risk

SHOWN_BYTES = 1024 * 1024
CHUNK = 256 * 1024
FILE_LIMIT = 200  # files whose rows are sent at once; the others are named
ROW_LIMIT = 40_000  # of all diffs that are sent at once


@dataclass(frozen=True)
class Sides:
    """A package and the version that was approved before it, where that was kept."""

    new: Archive
    old: Archive | None

    def text(self, path: str) -> tuple[str | None, str | None, bool]:
        """Return a file's text before and now, and whether either is no text."""
        before, after = _text(self.old, path), _text(self.new, path)
        is_binary = b"\0" in (before or b"") or b"\0" in (after or b"")
        return _decoded(before), _decoded(after), is_binary

    def beyond(self, path: str) -> int:
        """Return how many bytes of a file lie behind what is shown, before or now."""
        sizes = [
            side.files[path].file_size for side in (self.new, self.old) if side and side.has(path)
        ]
        return max(0, max(sizes, default=0) - SHOWN_BYTES)

    def differs(self, path: str) -> bool:
        """Return whether a file's bytes are others than before, to the last of them."""
        if self.old is None or self.old.has(path) != self.new.has(path):
            return True
        if self.old.files[path].file_size != self.new.files[path].file_size:
            return True
        with self.old.open(path) as before, self.new.open(path) as after:
            while chunk := after.read(CHUNK):
                if before.read(CHUNK) != chunk:
                    return True
        return False


def review(
    package: Path, before: Path | None, changed: list[str], *, first: bool
) -> dict[str, Any]:
    """Return files with their state and the calls to look at, new ones first."""
    with _sides(package, before) as sides:
        calls = marked_risks(sides)
        paths = sorted({*sides.new.files, *(changed if not first else [])})
        by_path = Counter(call["path"] for call in calls)
        new_by_path = Counter(call["path"] for call in calls if call["is_new"])
        files = []
        for path in paths:
            state = _state(sides, path, changed, first)
            added = removed = blocks = 0
            if state in ("changed", "new", "removed") and not first:
                old, new, is_binary = sides.text(path)
                if not is_binary and sides.old is not None:
                    added, removed, blocks = counts(diff(old or "", new or ""))
            info = sides.new.files.get(path)
            files.append({
                "path": path, "size": info.file_size if info else 0, "state": state,
                "added": added, "removed": removed, "blocks": blocks,
                "calls": by_path[path], "new_calls": new_by_path[path],
            })  # fmt: skip
        return {"files": files, "risks": calls, "is_compared": sides.old is not None}


def diffs(
    package: Path, before: Path | None, paths: list[str], *, whole: bool = False
) -> list[dict[str, Any]]:
    """Return the rows of files to draw; equal stretches are folded unless `whole`.

    `is_cut` of a file: not all of it, or of its change, is shown.
    """
    found, left = [], ROW_LIMIT
    with _sides(package, before) as sides:
        for place, path in enumerate(sorted(paths, key=reading_order)):
            if not sides.new.has(path) and not (sides.old and sides.old.has(path)):
                raise PackageError(f"The package has no file {path[:200]}.", code="package.file")
            is_left_off = place >= FILE_LIMIT or left <= 0
            file = _left_off(sides, path) if is_left_off else _shown(sides, path, left, whole)
            left -= len(file["rows"])
            found.append(file)
    return found


def _shown(sides: Sides, path: str, left: int, whole: bool) -> dict[str, Any]:
    old, new, is_binary = sides.text(path)
    is_compared = sides.old is not None
    rows: list[DiffRow] = []
    if not is_binary:
        context = None if whole or not is_compared else 3
        rows = diff((old or "") if is_compared else None, new or "", context)
    added, removed, blocks = counts(rows)
    more = sides.beyond(path) if not is_binary else 0
    if len(rows) > left:
        rows = [*rows[:left], DiffRow("cut", count=len(rows) - left)]
    if more:
        rows.append(DiffRow("cut", text="bytes", count=more))
    is_changed = is_compared and sides.differs(path)
    is_unseen = is_changed and not added + removed and not is_binary  # line ends, or letters
    return {
        "path": path, "is_binary": is_binary, "blocks": blocks, "is_changed": is_changed,
        "rows": [asdict(row) for row in rows],
        "is_cut": is_unseen or any(_hides(row, is_compared) for row in rows),
    }  # fmt: skip


def _hides(row: DiffRow, is_compared: bool) -> bool:
    """Return whether a row leaves something out; of an unchanged line, nothing that matters."""
    return row.kind == "cut" or (row.is_cut and not (is_compared and row.kind == "same"))


def _left_off(sides: Sides, path: str) -> dict[str, Any]:
    return {
        "path": path, "is_binary": False, "blocks": 0, "is_cut": True, "rows": [],
        "is_changed": sides.old is not None and sides.differs(path),
    }  # fmt: skip


def reading_order(path: str) -> tuple[bool, bool, str]:
    """Return the order in which files are read: code first, what the build made last."""
    return path.startswith("conf/"), not path.endswith(".py"), path


def marked_risks(sides: Sides) -> list[dict[str, Any]]:
    """Return the calls to look at; a call that an approved version made too is not new."""
    old = Counter(_same(risk) for risk in risks_of(sides.old)) if sides.old else Counter()
    marked = []
    for risk in risks_of(sides.new):
        is_known = old[_same(risk)] > 0
        old[_same(risk)] -= 1
        marked.append({**asdict(risk), "is_new": sides.old is not None and not is_known})
    marked.sort(key=lambda one: (not one["is_new"], one["path"], one["line"]))
    return marked[:RISK_LIMIT]


def _same(risk: Risk) -> tuple[str, str, str, str]:
    return risk.path, risk.kind, risk.call, risk.text


def _state(sides: Sides, path: str, changed: list[str], first: bool) -> str:
    if first:
        return "new"
    if path not in changed:
        return "same"
    if not sides.new.has(path):
        return "removed"
    return "changed" if sides.old is None or sides.old.has(path) else "new"


def _text(archive: Archive | None, path: str) -> bytes | None:
    if archive is None or not archive.has(path):
        return None
    with archive.open(path) as source:
        return source.read(SHOWN_BYTES)


def _decoded(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "replace")


@contextmanager
def _sides(package: Path, before: Path | None) -> Iterator[Sides]:
    with ExitStack() as stack:
        new = stack.enter_context(open_archive(package))
        is_kept = before is not None and before.is_file()
        old = stack.enter_context(open_archive(before)) if before and is_kept else None
        yield Sides(new, old)

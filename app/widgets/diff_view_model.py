"""The lines of a diff view: files one under another, changed lines, folds, and calls to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.i18n import tr, trn
from app.widgets.words import size

FILE, SAME, ADD, DEL, GAP, NOTE = "file", "same", "add", "del", "gap", "note"
CUT = "cut"  # a row of the agent that counts what is left out; shown as a note


@dataclass(frozen=True)
class DiffLine:
    """One painted row."""

    kind: str
    path: str
    text: str = ""
    old: int | None = None
    new: int | None = None
    note: str = ""  # at the right end of a file's head
    calls: tuple[str, ...] = ()  # kinds of calls to look at
    is_new_call: bool = False


@dataclass
class DiffLines:
    """All rows, and where files, changes and calls are."""

    lines: list[DiffLine] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    changes: list[int] = field(default_factory=list)

    def place(self, path: str, line: int | None = None) -> int:
        """Return the row of a file's line, or of its head; -1 where it is not shown."""
        head = self.files.get(path, -1)
        if head < 0 or line is None:
            return head
        for at in range(head + 1, len(self.lines)):
            if self.lines[at].path != path:
                break
            if self.lines[at].new == line and self.lines[at].kind != DEL:
                return at
        return head

    def widest(self) -> int:
        """Return the letters of the longest line."""
        return max((len(line.text.expandtabs(4)) for line in self.lines), default=0)


def build(
    files: Sequence[dict[str, Any]], risks: Sequence[dict[str, Any]], *, first: bool
) -> DiffLines:
    """Return the rows of files as `approvals.diff` gives them."""
    marks: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for risk in risks:
        marks.setdefault((risk["path"], int(risk["line"])), []).append(risk)
    made = DiffLines()
    for file in files:
        path = str(file["path"])
        made.files[path] = len(made.lines)
        rows = file["rows"]
        made.lines.append(DiffLine(FILE, path, path, note=head_note(file, risks, first=first)))
        if file.get("is_binary"):
            made.lines.append(DiffLine(NOTE, path, tr("Not text; it cannot be shown.")))
        elif file.get("is_cut") and not rows:
            made.lines.append(DiffLine(NOTE, path, tr("Not shown here; choose it to see it.")))
        elif not rows:
            made.lines.append(DiffLine(NOTE, path, tr("The file is empty.")))
        before = SAME
        for row in rows:
            line = _line(path, row, marks)
            if line.kind in (ADD, DEL) and before not in (ADD, DEL):
                made.changes.append(len(made.lines))
            before = line.kind
            made.lines.append(line)
        if is_unseen(file):
            made.lines.append(DiffLine(NOTE, path, tr("Its bytes changed where no line shows it.")))
    return made


def _line(
    path: str, row: dict[str, Any], marks: dict[tuple[str, int], list[dict[str, Any]]]
) -> DiffLine:
    kind = str(row["kind"])
    if kind == GAP:
        count = int(row["count"])
        text = trn("{count} unchanged line", "{count} unchanged lines", count)
        return DiffLine(GAP, path, text, row.get("old"), row.get("new"))
    if kind == CUT:
        return DiffLine(NOTE, path, cut_words(row))
    found = marks.get((path, int(row["new"])), []) if row.get("new") and kind != DEL else []
    kinds = tuple(dict.fromkeys(str(risk["kind"]) for risk in found))
    is_new = any(bool(risk["is_new"]) for risk in found)
    text = str(row["text"])
    if row.get("is_cut"):
        text = tr("{text} … the line goes on", text=text)
    return DiffLine(
        kind, path, text, row.get("old"), row.get("new"), calls=kinds,
        is_new_call=is_new,
    )  # fmt: skip


def cut_words(row: dict[str, Any]) -> str:
    """Return how much is left out at a place."""
    count = int(row["count"])
    if row.get("text") == "bytes":
        return tr("{size} more are not shown", size=size(count))
    return trn("{count} more line is not shown", "{count} more lines are not shown", count)


def is_unseen(file: dict[str, Any]) -> bool:
    """Return whether a file changed, and no row tells how."""
    is_told = any(row["kind"] in (ADD, DEL, CUT) or row.get("is_cut") for row in file["rows"])
    return bool(file.get("is_changed") and file.get("is_cut") and file["rows"]) and not is_told


def head_note(
    file: dict[str, Any], risks: Sequence[dict[str, Any]], *, first: bool
) -> str:  # fmt: skip
    """Return what a file's head says about it."""
    own = [risk for risk in risks if risk["path"] == file["path"]]
    calls = len(own) if first else sum(bool(risk["is_new"]) for risk in own)
    blocks = int(file.get("blocks") or 0)
    parts = []
    if blocks:
        parts.append(trn("{count} changed block", "{count} changed blocks", blocks))
    elif file.get("is_changed"):
        parts.append(tr("changed"))
    elif not first:
        parts.append(tr("unchanged"))
    if file.get("is_cut"):
        parts.append(tr("not shown whole"))
    if calls and first:
        parts.append(trn("{count} call to look at", "{count} calls to look at", calls))
    elif calls:
        parts.append(trn("{count} new call to look at", "{count} new calls to look at", calls))
    return " · ".join(parts)

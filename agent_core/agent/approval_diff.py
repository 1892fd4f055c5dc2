"""What changed between two texts, as rows to draw: equal, added, removed, and folded ones."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

CONTEXT = 3
LINE_LIMIT = 20_000  # lines that are compared or sent of one file; what is left out is counted
JUNK_FROM = 1_500  # lines from which frequent ones may be passed over, to stay quick
TEXT_LIMIT = 1_000  # letters of a line


@dataclass(frozen=True)
class DiffRow:
    """A row: same, add, del, gap (a fold of `count` equal lines), or cut (`count` left out)."""

    kind: str
    old: int | None = None
    new: int | None = None
    text: str = ""
    count: int = 0
    is_cut: bool = False  # the line is longer than what is shown of it


def diff(old: str | None, new: str, context: int | None = CONTEXT) -> list[DiffRow]:
    """Return the rows between two texts; without an old one, the new text's own lines.

    `context` equal lines stand around a change, the rest are folded; None folds nothing.
    """
    after = new.splitlines()
    if old is None:
        return _limited(_lines("same", after[: LINE_LIMIT + 1]), len(after))
    before = old.splitlines()
    if max(len(before), len(after)) > LINE_LIMIT:
        return _long(before, after)
    rows: list[DiffRow] = []
    for tag, i1, i2, j1, j2 in _opcodes(before, after):
        if tag == "equal":
            rows += [_row("same", i1 + k + 1, j1 + k + 1, after[j1 + k]) for k in range(i2 - i1)]
            continue
        rows += _lines("del", before[i1:i2], i1)
        rows += _lines("add", after[j1:j2], j1)
    return rows if context is None else fold(rows, context)


def _long(before: list[str], after: list[str]) -> list[DiffRow]:
    """Return the rows of a long file: between its equal ends, all changed."""
    start, end = _equal_ends(before, after)
    gone, come = before[start : len(before) - end], after[start : len(after) - end]
    rows = [DiffRow("gap", 1, 1, "", start)] if start else []
    rows += _limited(_lines("del", gone[: LINE_LIMIT + 1], start), len(gone))
    rows += _limited(_lines("add", come[: LINE_LIMIT + 1], start), len(come))
    if end:
        rows.append(DiffRow("gap", len(before) - end + 1, len(after) - end + 1, "", end))
    return rows


def _limited(rows: list[DiffRow], count: int) -> list[DiffRow]:
    """Return at most the limit of rows, and how many of `count` are left out."""
    if count <= LINE_LIMIT:
        return rows
    return [*rows[:LINE_LIMIT], DiffRow("cut", count=count - LINE_LIMIT)]


def _lines(kind: str, lines: list[str], before: int = 0) -> list[DiffRow]:
    return [
        _row(kind, number if kind == "del" else None, None if kind == "del" else number, line)
        for number, line in enumerate(lines, start=before + 1)
    ]


def _row(kind: str, old: int | None, new: int | None, line: str) -> DiffRow:
    return DiffRow(kind, old, new, line[:TEXT_LIMIT], is_cut=len(line) > TEXT_LIMIT)


def fold(rows: Sequence[DiffRow], context: int = CONTEXT) -> list[DiffRow]:
    """Return rows with long stretches of equal lines folded."""
    near = [False] * len(rows)
    for at, row in enumerate(rows):
        if row.kind in ("add", "del"):
            for k in range(max(0, at - context), min(len(rows), at + context + 1)):
                near[k] = True
    folded: list[DiffRow] = []
    at = 0
    while at < len(rows):
        if near[at]:
            folded.append(rows[at])
            at += 1
            continue
        end = at
        while end < len(rows) and not near[end]:
            end += 1
        if end - at <= 2:
            folded += rows[at:end]  # a fold would take as much room
        else:
            folded.append(DiffRow("gap", rows[at].old, rows[at].new, "", end - at))
        at = end
    return folded


def counts(rows: Sequence[DiffRow]) -> tuple[int, int, int]:
    """Return how many lines were added and removed, in how many blocks."""
    added = sum(row.kind == "add" for row in rows)
    removed = sum(row.kind == "del" for row in rows)
    blocks = sum(
        row.kind in ("add", "del") and (at == 0 or rows[at - 1].kind in ("same", "gap"))
        for at, row in enumerate(rows)
    )
    return added, removed, blocks


def _opcodes(before: list[str], after: list[str]) -> list[tuple[str, int, int, int, int]]:
    """Compare what is left between the equal beginning and the equal end of two texts."""
    start, end = _equal_ends(before, after)
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=len(old) + len(new) > JUNK_FROM)
    middle = [
        (tag, i1 + start, i2 + start, j1 + start, j2 + start)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
    ]
    head = [("equal", 0, start, 0, start)] if start else []
    tail = [("equal", len(before) - end, len(before), len(after) - end, len(after))] if end else []
    return [*head, *middle, *tail]


def _equal_ends(before: list[str], after: list[str]) -> tuple[int, int]:
    """Return how many lines two texts share at their beginning and at their end."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    most = min(len(before), len(after)) - start
    while end < most and before[-1 - end] == after[-1 - end]:
        end += 1
    return start, end

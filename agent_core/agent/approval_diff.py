"""What changed between two texts, as rows to draw: equal, added, removed, and folded ones."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

CONTEXT = 3
LINE_LIMIT = 20_000  # of a file that is compared; a longer one is shown as it is now
JUNK_FROM = 1_500  # lines from which frequent ones may be passed over, to stay quick
TEXT_LIMIT = 1_000  # letters of a line


@dataclass(frozen=True)
class DiffRow:
    """A row: same, add, del, or gap (a fold of `count` equal lines)."""

    kind: str
    old: int | None = None
    new: int | None = None
    text: str = ""
    count: int = 0


def diff(old: str | None, new: str, context: int | None = CONTEXT) -> list[DiffRow]:
    """Return the rows between two texts; without an old one, the new text's own lines.

    `context` equal lines stand around a change, the rest are folded; None folds nothing.
    """
    after = new.splitlines()
    if old is None or len(after) > LINE_LIMIT or old.count("\n") > LINE_LIMIT:
        return [
            DiffRow("same", None, number, line[:TEXT_LIMIT])
            for number, line in enumerate(after[:LINE_LIMIT], start=1)
        ]
    before = old.splitlines()
    rows: list[DiffRow] = []
    for tag, i1, i2, j1, j2 in _opcodes(before, after):
        if tag == "equal":
            rows += [
                DiffRow("same", i1 + k + 1, j1 + k + 1, after[j1 + k][:TEXT_LIMIT])
                for k in range(i2 - i1)
            ]
            continue
        rows += [DiffRow("del", i + 1, None, before[i][:TEXT_LIMIT]) for i in range(i1, i2)]
        rows += [DiffRow("add", None, j + 1, after[j][:TEXT_LIMIT]) for j in range(j1, j2)]
    return rows if context is None else fold(rows, context)


def fold(rows: Sequence[DiffRow], context: int = CONTEXT) -> list[DiffRow]:
    """Return rows with long stretches of equal lines folded."""
    near = [False] * len(rows)
    for at, row in enumerate(rows):
        if row.kind != "same":
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
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    most = min(len(before), len(after)) - start
    while end < most and before[-1 - end] == after[-1 - end]:
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=len(old) + len(new) > JUNK_FROM)
    middle = [
        (tag, i1 + start, i2 + start, j1 + start, j2 + start)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
    ]
    head = [("equal", 0, start, 0, start)] if start else []
    tail = [("equal", len(before) - end, len(before), len(after) - end, len(after))] if end else []
    return [*head, *middle, *tail]

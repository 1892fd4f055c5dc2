"""Names of runs, projects and applications, and whether they are put away."""

from __future__ import annotations

import re
from typing import Any, Literal

from sqlalchemy import ColumnElement, Table, select, update

from agent_core.hub.store import Reader, Tx

Archived = Literal["no", "only", "all"]
_COPY = re.compile(r"(?: \(copy\)| \((\d+)\))$")


def wanted(table: Table, archived: Archived) -> ColumnElement[bool]:
    """Return the condition for what a list shows."""
    column = table.c.archived_at
    if archived == "all":
        return table.c.id == table.c.id
    return column.is_not(None) if archived == "only" else column.is_(None)


def change(tx: Tx, table: Table, number: int, fields: dict[str, Any]) -> None:
    """Write new names and notes; `archived` puts away or takes out again."""
    values = {key: value for key, value in fields.items() if key != "archived"}
    archived = fields.get("archived")
    if archived is not None:
        values["archived_at"] = tx.now if archived else None
    if values:
        tx.run(update(table).where(table.c.id == number).values(**values))


def next_name(reader: Reader, table: Table, name: str, **same: int) -> str:
    """Return the name of a repetition: "baseline" is followed by "baseline (2)", then "(3)"."""
    stem = _stem(name)
    query = select(table.c.name).where(table.c.name.startswith(stem, autoescape=True))
    for column, value in same.items():
        query = query.where(table.c[column] == value)
    numbers = [_number(one) for one in reader.scalars(query) if _stem(one) == stem]
    ending = f" ({max(numbers, default=1) + 1})"
    return stem[: 200 - len(ending)] + ending


def _stem(name: str) -> str:
    while found := _COPY.search(name):
        name = name[: found.start()]
    return name


def _number(name: str) -> int:
    found = _COPY.search(name)
    return int(found.group(1) or 1) if found else 1

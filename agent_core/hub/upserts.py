"""Statements that insert or overwrite, made once per table.

To put a statement together and to find its compiled form costs several times what the database
does; every round message passes through some of these.
"""

from __future__ import annotations

import functools

from sqlalchemy import Executable, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

from agent_core.hub import tables


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@functools.cache
def new_row(dialect: str, table: Table) -> Executable:
    """Return the insert of a row unless its key is there, which gives the key back if it is new."""
    key = next(iter(table.primary_key))
    return _insert(dialect, table).on_conflict_do_nothing().returning(key)


@functools.cache
def whole_row(dialect: str, table: Table, columns: tuple[str, ...]) -> Executable:
    """Return the insert of these columns, or their overwriting where the key is there."""
    keys = [column.name for column in table.primary_key]
    statement = _insert(dialect, table)
    rest = {name: statement.excluded[name] for name in columns if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=rest)


@functools.cache
def positions(dialect: str) -> Executable:
    """Return what moves a run's list on by `taken`, and gives its next position back."""
    table = tables.positions
    return (
        _insert(dialect, table)
        .values(run_id=bindparam("run_id"), list=bindparam("list"), next=bindparam("next"))
        .on_conflict_do_update(
            index_elements=["run_id", "list"],
            set_={"next": table.c.next + bindparam("taken")},
        )
        .returning(table.c.next)
    )

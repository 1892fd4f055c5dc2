"""The list of what happened in a run, in words."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, update

from agent_core.hub import tables
from agent_core.hub.store import Tx

_LINE = insert(tables.run_events)
_CHANGE = (
    update(tables.runs)
    .where(tables.runs.c.id == bindparam("run"))
    .values(change=tables.runs.c.change + 1)
)

LEVELS = {"FAILED": "danger", "EXCEPTION": "danger", "KILLED": "warn", "FINISHED": "ok"}


def add(
    tx: Tx,
    run_id: int,
    kind: str,
    text: str,
    *,
    edge_id: int | None = None,
    level: str = "info",
    at: float | None = None,
) -> None:
    """Write a line into a run's event list."""
    tx.run(
        _LINE,
        {
            "run_id": run_id,
            "pos": tx.positions(run_id, "events", 1),
            "at": tx.now if at is None else at,
            "kind": kind,
            "text": text[:2000],
            "edge_id": edge_id,
            "level": level,
        },
    )


def touch(tx: Tx, run_id: int, group_id: int) -> None:
    """Count a change of a run and tell its group's members."""
    tx.run(_CHANGE, {"run": run_id})
    tx.changed("run", run_id, group=group_id)

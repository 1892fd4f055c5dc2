"""The list of what happened in a run, in words."""

from __future__ import annotations

from sqlalchemy import insert, update

from agent_core.hub import tables
from agent_core.hub.store import Tx

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
        insert(tables.run_events).values(
            run_id=run_id,
            pos=tx.positions(run_id, "events", 1),
            at=tx.now if at is None else at,
            kind=kind,
            text=text[:2000],
            edge_id=edge_id,
            level=level,
        )
    )


def touch(tx: Tx, run_id: int, group_id: int) -> None:
    """Count a change of a run and tell its group's members."""
    table = tables.runs
    tx.run(update(table).where(table.c.id == run_id).values(change=table.c.change + 1))
    tx.changed("run", run_id, group=group_id)

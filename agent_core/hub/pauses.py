"""A run's pause by its owner: asked for by compare-and-set, in force when the round has ended."""

from __future__ import annotations

from sqlalchemy import RowMapping, insert, select, update

from agent_core.errors import ConflictError
from agent_core.hub import inbox, run_events, run_state, run_view
from agent_core.hub.store import Tx
from agent_core.hub.tables_pauses import run_pauses
from agent_core.protocol.messages import PauseOrder
from agent_core.protocol.records import Account, Run
from agent_core.protocol.states import TERMINAL, Role, State

PAUSABLE = frozenset({State.RUNNING, State.PAUSED})


def pause(tx: Tx, run_id: int, by: Account, reason: str) -> Run:
    """Ask the server job to wait before its next round; a second asking changes nothing."""
    run = run_view.find(tx, run_id)
    if State(run["state"]) not in PAUSABLE:
        raise ConflictError(
            f"A run that is {run['state']} cannot be paused.",
            next_step="Pause it while it is running, or stop it.",
            code="conflict.state",
        )
    if _turn(tx, run, by, reason, on=True):
        text = f"{by.name} pauses the run; it waits when the present round has ended."
        run_events.add(tx, run_id, "order", text, level="warn")
        _tell_server(tx, run)
        run_state.settle(tx, run_id)
        run_events.touch(tx, run_id, run["group_id"])
    return run_view.record(tx, run_id)


def resume(tx: Tx, run_id: int, by: Account) -> Run:
    """Let the server job go on; what nobody paused changes nothing."""
    run = run_view.find(tx, run_id)
    if State(run["state"]) in TERMINAL:
        raise ConflictError(
            f"This run has ended as {run['state']}.",
            next_step="Clone it to run it again.",
            code="conflict.state",
        )
    if _turn(tx, run, by, "", on=False):
        run_events.add(tx, run_id, "order", f"{by.name} resumes the run.")
        _tell_server(tx, run)
        run_state.settle(tx, run_id)
        run_events.touch(tx, run_id, run["group_id"])
    return run_view.record(tx, run_id)


def _turn(tx: Tx, run: RowMapping, by: Account, reason: str, *, on: bool) -> bool:
    """Turn the pause of a run's epoch on or off, unless it is so already."""
    table = run_pauses
    values = {"is_on": on, "asked_at": tx.now, "asked_by": by.name, "reason": reason}
    known = tx.first(select(table).where(table.c.run_id == run["id"]))
    if known is None:
        if not on:
            return False
        tx.run(insert(table).values(run_id=run["id"], epoch=run["epoch"], number=1, **values))
        return True
    changed = tx.run(
        update(table)
        .where(
            table.c.run_id == run["id"],
            (table.c.is_on.is_not(on)) | (table.c.epoch != run["epoch"]),
        )
        .values(epoch=run["epoch"], number=table.c.number + 1, **values)
    )
    return bool(changed)


def _tell_server(tx: Tx, run: RowMapping) -> None:
    table = run_pauses
    row = tx.first(select(table).where(table.c.run_id == run["id"]))
    server = next(p for p in run_state.parts_of(tx, run["id"]) if p["role"] == Role.SERVER.value)
    if row is None:
        return

    def order(sequence: int) -> PauseOrder:
        return PauseOrder(
            inbox_seq=sequence, run_id=run["id"], epoch=run["epoch"], number=row["number"],
            on=row["is_on"], by=row["asked_by"], reason=row["reason"],
        )  # fmt: skip

    inbox.put(tx, server["edge_id"], "pause", order, run_id=run["id"])

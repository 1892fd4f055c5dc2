"""What devices report of their part in a run: states by compare-and-set, stages, bytes."""

from __future__ import annotations

from sqlalchemy import ColumnElement, RowMapping, bindparam, case, select, update

from agent_core.hub import datasets, run_events, run_state, tables
from agent_core.hub.counters import Counters
from agent_core.hub.part_of import part_of
from agent_core.hub.store import Tx
from agent_core.protocol.messages import StatusMessage
from agent_core.protocol.states import JOB_NEXT, TERMINAL, Role, Stage, State

_WORDS = {
    Stage.SENT: "order sent",
    Stage.FETCHED: "packages fetched",
    Stage.VERIFIED: "packages verified",
    Stage.APPROVED: "approved",
    Stage.RUNTIME_READY: "runtime ready",
    Stage.STARTED: "job started",
    Stage.ENDED: "job ended",
}


def _sources(then: State) -> list[str]:
    """Return every state from which `then` can be reached, over any number of steps.

    Reports can be lost between two connections and come again later; the newest one counts.
    """
    found = {then}
    while True:
        more = {now for now, nexts in JOB_NEXT.items() if nexts & found} | found
        if more == found:
            return [state.value for state in found]
        found = more


SOURCES = {state: _sources(state) for state in JOB_NEXT}


_runs, _parts = tables.runs, tables.run_devices


def _larger(column: str) -> ColumnElement[int]:
    now: ColumnElement[int] = _parts.c[column]
    told: ColumnElement[int] = bindparam(f"told_{column}")
    return case((now < told, told), else_=now)


# Prepared: each device sends some of these in every round.
_PART = part_of(
    _runs.c.id, _runs.c.epoch, _runs.c.group_id, _runs.c.state.label("run_state"),
    _runs.c.round.label("run_round"), _runs.c.rounds.label("run_rounds"), _parts.c.state,
    _parts.c.role, _parts.c.status_seq, _parts.c.detail, _parts.c.waiting_since,
    tables.devices.c.silo,
)  # fmt: skip
_COUNTS = (
    update(_parts)
    .where(_parts.c.run_id == bindparam("run"), _parts.c.edge_id == bindparam("edge"))
    .values(round=_larger("round"), bytes_up=_larger("bytes_up"), bytes_down=_larger("bytes_down"))
)
_MOVE = (
    update(_parts)
    .where(
        _parts.c.run_id == bindparam("run"),
        _parts.c.edge_id == bindparam("edge"),
        _parts.c.status_seq < bindparam("sequence"),
        _parts.c.state.in_(bindparam("sources", expanding=True)),
    )
    .values(
        state=bindparam("then"), status_seq=bindparam("sequence"), detail=bindparam("why"),
        waiting_since=bindparam("since"), waiting_until=bindparam("until"),
    )
)  # fmt: skip


def apply(tx: Tx, edge_id: int, message: StatusMessage, counters: Counters) -> bool:
    """Apply a report; return whether the device may forget it."""
    row = tx.first(_PART, {"run": message.run_id, "edge": edge_id})
    if message.edge_id != edge_id or row is None:
        counters.refused("stranger", edge_id, f"status of run {message.run_id}")
        return message.edge_id == edge_id
    if row["epoch"] != message.epoch:
        counters.refused("epoch", edge_id, f"run {message.run_id} epoch {message.epoch}")
        return True
    _mark(tx, row, edge_id, message)
    if message.dataset is not None:
        datasets.used(tx, message.run_id, edge_id, message.dataset)
    _count(tx, row, edge_id, message)
    if _move(tx, row, edge_id, message):
        _tell(tx, row, edge_id, message)
    run_state.settle(tx, message.run_id)
    run_events.touch(tx, message.run_id, row["group_id"])
    return True


def _mark(tx: Tx, row: RowMapping, edge_id: int, message: StatusMessage) -> None:
    if message.stage is None:
        return
    is_new = tx.add_new(
        tables.stages,
        run_id=message.run_id,
        edge_id=edge_id,
        stage=message.stage.value,
        at=message.at,
        detail=message.detail,
        round=message.round,
    )
    if is_new and message.stage in _WORDS:
        run_events.add(
            tx,
            message.run_id,
            "stage",
            f"{row['silo']}: {_WORDS[message.stage]}",
            edge_id=edge_id,
            at=message.at,
        )


def _count(tx: Tx, row: RowMapping, edge_id: int, message: StatusMessage) -> None:
    tx.run(
        _COUNTS,
        {
            "run": message.run_id, "edge": edge_id, "told_round": message.round or 0,
            "told_bytes_up": message.bytes_up, "told_bytes_down": message.bytes_down,
        },
    )  # fmt: skip
    if row["role"] != Role.SERVER.value:
        return
    mine = _runs.c.id == message.run_id
    if (message.round or 0) > row["run_round"]:
        tx.run(update(_runs).where(mine).values(round=message.round))
    if message.rounds and row["run_rounds"] is None:
        tx.run(update(_runs).where(mine).values(rounds=message.rounds))


def _move(tx: Tx, row: RowMapping, edge_id: int, message: StatusMessage) -> bool:
    """Apply the state unless a newer report did; return whether the state is another now."""
    if State(row["state"]) in TERMINAL or message.state not in SOURCES:
        return False
    state = _told_state(row, message)
    is_waiting = (
        state in {State.PENDING_APPROVAL, State.PAUSED} or message.waiting_until is not None
    )
    since = (row["waiting_since"] or message.at) if is_waiting else None
    if state.value != row["state"] and is_waiting:
        since = message.at  # a new wait
    changed = tx.run(
        _MOVE,
        {
            "run": message.run_id,
            "edge": edge_id,
            "sequence": message.sequence,
            "sources": SOURCES[state],
            "then": state.value,
            "why": message.detail[:2000],
            "since": since,
            "until": message.waiting_until if is_waiting else None,
        },
    )
    return bool(changed) and state.value != row["state"]


def _told_state(row: RowMapping, message: StatusMessage) -> State:
    # The hub ends the clients' jobs once the server has finished: for them, too, it is done.
    if message.state is State.KILLED and row["run_state"] == State.FINISHED.value:
        return State.FINISHED
    return message.state


def _tell(tx: Tx, row: RowMapping, edge_id: int, message: StatusMessage) -> None:
    state = _told_state(row, message)
    text = f"{row['silo']}: {state.value}" + (f" — {message.detail}" if message.detail else "")
    level = run_events.LEVELS.get(state.value, "info")
    if state in {State.PENDING_APPROVAL, State.PAUSED}:
        level = "warn"
    run_events.add(tx, message.run_id, "state", text, edge_id=edge_id, level=level, at=message.at)
    was_paused = row["state"] == State.PAUSED.value
    is_news = state in TERMINAL | {State.PAUSED} or was_paused
    if is_news and row["role"] == Role.CLIENT.value:
        run = tx.first(select(tables.runs).where(tables.runs.c.id == message.run_id))
        if run is not None and State(run["state"]) not in TERMINAL:
            run_state.tell_server(tx, run, edge_id, state, message.detail)

"""What devices report of their part in a run: states by compare-and-set, stages, bytes."""

from __future__ import annotations

from sqlalchemy import RowMapping, case, select, update

from agent_core.hub import datasets, run_events, run_state, tables
from agent_core.hub.counters import Counters
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


def apply(tx: Tx, edge_id: int, message: StatusMessage, counters: Counters) -> bool:
    """Apply a report; return whether the device may forget it."""
    runs, parts = tables.runs, tables.run_devices
    row = tx.first(
        select(
            runs.c.id, runs.c.epoch, runs.c.group_id, runs.c.state.label("run_state"),
            runs.c.round.label("run_round"), parts.c.state, parts.c.role, parts.c.status_seq,
            parts.c.detail, parts.c.waiting_since, tables.devices.c.silo,
        )
        .join(parts, parts.c.run_id == runs.c.id)
        .join(tables.devices, tables.devices.c.edge_id == parts.c.edge_id)
        .where(runs.c.id == message.run_id, parts.c.edge_id == edge_id)
    )  # fmt: skip
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
    parts = tables.run_devices
    mine = (parts.c.run_id == message.run_id) & (parts.c.edge_id == edge_id)

    def larger(column: str, value: int) -> object:
        return case((parts.c[column] < value, value), else_=parts.c[column])

    tx.run(
        update(parts)
        .where(mine)
        .values(
            round=larger("round", message.round or 0),
            bytes_up=larger("bytes_up", message.bytes_up),
            bytes_down=larger("bytes_down", message.bytes_down),
        )
    )
    is_server = row["role"] == Role.SERVER.value
    runs = tables.runs
    if is_server and (message.round or 0) > row["run_round"]:
        tx.run(update(runs).where(runs.c.id == message.run_id).values(round=message.round))
    if is_server and message.rounds:
        tx.run(
            update(runs)
            .where(runs.c.id == message.run_id, runs.c.rounds.is_(None))
            .values(rounds=message.rounds)
        )


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
    parts = tables.run_devices
    changed = tx.run(
        update(parts)
        .where(
            parts.c.run_id == message.run_id,
            parts.c.edge_id == edge_id,
            parts.c.status_seq < message.sequence,
            parts.c.state.in_(SOURCES[state]),
        )
        .values(
            state=state.value,
            status_seq=message.sequence,
            detail=message.detail[:2000],
            waiting_since=since,
            waiting_until=message.waiting_until if is_waiting else None,
        )
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

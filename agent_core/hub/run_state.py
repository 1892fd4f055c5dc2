"""How a run's state follows from those of its devices, and how a run ends."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping, bindparam, delete, select, update

from agent_core.hub import inbox, presence, run_events, tables
from agent_core.hub.store import Tx
from agent_core.protocol.messages import Peer, StopOrder
from agent_core.protocol.states import (
    RUN_NEXT,
    TERMINAL,
    Role,
    State,
    may_come_from,
)

ENDED = [state.value for state in TERMINAL]
NOT_STARTED = frozenset({State.QUEUED, State.INITIALIZING, State.PENDING_APPROVAL})
FAILURES = frozenset({State.FAILED, State.EXCEPTION, State.KILLED})


_RUN = select(tables.runs).where(tables.runs.c.id == bindparam("run"))
_PARTS = (
    select(
        tables.run_devices,
        tables.devices.c.name,
        tables.devices.c.silo,
        tables.devices.c.revoked,
        tables.devices.c.last_seen,
        tables.devices.c.gone,
    )
    .join(tables.devices, tables.devices.c.edge_id == tables.run_devices.c.edge_id)
    .where(tables.run_devices.c.run_id == bindparam("run"))
    .order_by(tables.run_devices.c.rank)
)


def parts_of(tx: Tx, run_id: int) -> Sequence[RowMapping]:
    """Return the devices of a run with their names, the server first."""
    return tx.all(_PARTS, {"run": run_id})


def settle(tx: Tx, run_id: int) -> None:
    """Bring a run's state in line with its devices; end it where it cannot go on."""
    run = tx.first(_RUN, {"run": run_id})
    if run is None or State(run["state"]) in TERMINAL | {State.IDLE}:
        return
    parts = parts_of(tx, run_id)
    if run["state"] == State.STOPPING.value:
        if all(State(part["state"]) in TERMINAL for part in parts):
            end(tx, run, State.KILLED, run["detail"])
        return
    server = next(part for part in parts if part["role"] == Role.SERVER.value)
    server_state = State(server["state"])
    if server_state in TERMINAL:
        end(tx, run, server_state, _server_ended(server, server_state, parts))
        return
    clients = [part for part in parts if part["role"] == Role.CLIENT.value]
    failed = [part for part in clients if State(part["state"]) in FAILURES]
    if len(clients) - len(failed) < run["quorum"]:
        end(tx, run, State.FAILED, _quorum_missed(run, clients, failed))
        return
    state, detail = _derived(run, server, clients, len(failed))
    move(tx, run, state, detail)


def _derived(
    run: RowMapping, server: RowMapping, clients: list[RowMapping], failed: int
) -> tuple[State, str]:
    waiting = [p for p in [server, *clients] if p["state"] == State.PENDING_APPROVAL.value]
    waits_for = f"Waiting for approval at {_names(waiting)}." if waiting else ""
    state = State(server["state"])
    if state is State.PAUSED and run["state"] not in {State.RUNNING.value, State.PAUSED.value}:
        state = State.INITIALIZING  # held before its job began
    if state in {State.RUNNING, State.PAUSED}:
        return state, waits_for or server["detail"] or _paused(clients)
    clients_waiting = sum(p["role"] == Role.CLIENT.value for p in waiting)
    if state is State.PENDING_APPROVAL or len(clients) - failed - clients_waiting < run["quorum"]:
        return State.PENDING_APPROVAL, waits_for
    is_queued = state is State.QUEUED and run["state"] == State.QUEUED.value
    return State.QUEUED if is_queued else State.INITIALIZING, waits_for or server[
        "detail"
    ] or _paused(clients)


def _paused(clients: list[RowMapping]) -> str:
    """Return the sites that are paused, and why, for people who wait for a round."""
    paused = [part for part in clients if part["state"] == State.PAUSED.value and part["detail"]]
    return " ".join(
        f"{part['silo'] or part['name']} is {part['detail'][:1].lower()}{part['detail'][1:]}"
        for part in paused[:3]
    )


def _server_ended(server: RowMapping, state: State, parts: Sequence[RowMapping]) -> str:
    detail = server["detail"]
    if state is State.FINISHED:
        return detail or "All rounds are done."
    if any(part["silo"] and part["silo"] in detail for part in parts):
        return str(detail)  # the server's job has named the site already
    site = server["silo"] or server["name"]
    return f"{site}: {detail}" if detail else f"The server job at {site} ended as {state.value}."


def _quorum_missed(run: RowMapping, clients: list[RowMapping], failed: list[RowMapping]) -> str:
    causes = "; ".join(f"{part['silo']}: {part['detail'] or part['state']}" for part in failed[:5])
    return (
        f"Only {len(clients) - len(failed)} of {len(clients)} silos are left and a round needs "
        f"{run['quorum']}. {causes}"
    )


def _names(parts: list[RowMapping]) -> str:
    names = [part["silo"] or part["name"] for part in parts]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def move(tx: Tx, run: RowMapping, state: State, detail: str) -> bool:
    """Change a run's state by compare-and-set with its epoch; return whether it changed."""
    table = tables.runs
    if run["state"] == state.value:
        if run["detail"] != detail:
            tx.run(update(table).where(table.c.id == run["id"]).values(detail=detail))
            run_events.touch(tx, run["id"], run["group_id"])
        return False
    may = [source.value for source in may_come_from(RUN_NEXT, state)]
    values: dict[str, object] = {"state": state.value, "detail": detail}
    if state in TERMINAL:
        values |= {"ended_at": tx.now}
    changed = tx.run(
        update(table)
        .where(table.c.id == run["id"], table.c.epoch == run["epoch"], table.c.state.in_(may))
        .values(**values)
    )
    if changed:
        run_events.add(
            tx,
            run["id"],
            "state",
            f"{state.value}: {detail}" if detail else state.value,
            level=run_events.LEVELS.get(state.value, "info"),
        )
        run_events.touch(tx, run["id"], run["group_id"])
    return bool(changed)


def end(tx: Tx, run: RowMapping, state: State, detail: str) -> bool:
    """End a run, stop what still runs of it, and drop what waits for its devices."""
    if state is State.FINISHED and run["state"] not in {
        State.RUNNING.value, State.PAUSED.value, State.STOPPING.value,
    }:  # fmt: skip
        # The server job was quicker than its reports: it did run before it finished.
        move(tx, run, State.RUNNING, "")
    if not move(tx, run, state, detail):
        return False
    reason = "The run has finished." if state is State.FINISHED else f"The run ended: {detail}"
    stop_devices(tx, run, reason, "")
    inbox.forget_run(tx, run["id"])
    return True


def stop_devices(tx: Tx, run: RowMapping, reason: str, by: str) -> None:
    """Order every device of a run whose job has not ended to end it."""
    for part in parts_of(tx, run["id"]):
        edge_id = part["edge_id"]
        if State(part["state"]) in TERMINAL:
            continue
        if part["revoked"] or _never_took(tx, part):
            never = "The run ended before this device took its order."
            set_part(tx, run["id"], edge_id, State.KILLED, never)
        elif part["state"] != State.STOPPING.value:
            set_part(tx, run["id"], edge_id, State.STOPPING, part["detail"])
        # Sent even to a device that seems never to have started: its word may be on the way.
        if not part["revoked"]:
            _order_stop(tx, run, edge_id, reason, by)


def _order_stop(tx: Tx, run: RowMapping, edge_id: int, reason: str, by: str) -> None:
    if inbox.waits(tx, edge_id, run["id"], "stop"):
        return

    def order(sequence: int) -> StopOrder:
        return StopOrder(
            inbox_seq=sequence,
            edge_id=edge_id,
            run_id=run["id"],
            epoch=run["epoch"],
            reason=reason,
            by=by,
        )

    inbox.put(tx, edge_id, "stop", order, run_id=run["id"])


def _never_took(tx: Tx, part: RowMapping) -> bool:
    is_there = presence.seen(part["last_seen"], part["gone"], tx.now) == "online"
    return (
        part["state"] == State.QUEUED.value
        and not is_there
        and inbox.waits(tx, part["edge_id"], part["run_id"], "start")
    )


def set_part(tx: Tx, run_id: int, edge_id: int, state: State, detail: str) -> None:
    """Write a device's part in a run down without its own report."""
    table = tables.run_devices
    tx.run(
        update(table)
        .where(table.c.run_id == run_id, table.c.edge_id == edge_id)
        .values(state=state.value, detail=detail, waiting_since=None, waiting_until=None)
    )


def tell_server(tx: Tx, run: RowMapping, edge_id: int, state: State, reason: str) -> None:
    """Tell the server job that a client will not answer any more."""
    for part in parts_of(tx, run["id"]):
        if part["role"] != Role.SERVER.value or State(part["state"]) in TERMINAL:
            continue

        def peer(sequence: int) -> Peer:
            return Peer(
                inbox_seq=sequence,
                run_id=run["id"],
                epoch=run["epoch"],
                edge_id=edge_id,
                state=state,
                reason=reason,
            )

        inbox.put(tx, part["edge_id"], "peer", peer, run_id=run["id"])


def lose_device(tx: Tx, edge_id: int, reason: str, group_id: int | None = None) -> None:
    """Count a device as failed in every run (of one group, or of all) it still has a part in."""
    parts, runs = tables.run_devices, tables.runs
    where = [] if group_id is None else [runs.c.group_id == group_id]
    rows = tx.all(
        select(runs, parts.c.role)
        .join(parts, parts.c.run_id == runs.c.id)
        .where(
            parts.c.edge_id == edge_id,
            parts.c.state.not_in(ENDED),
            runs.c.state.not_in([*ENDED, State.IDLE.value]),
            *where,
        )
    )
    for run in rows:
        set_part(tx, run["id"], edge_id, State.FAILED, reason)
        run_events.add(tx, run["id"], "state", reason, edge_id=edge_id, level="danger")
        if run["role"] == Role.CLIENT.value:
            tell_server(tx, run, edge_id, State.FAILED, reason)
        if group_id is not None:  # the device goes on elsewhere; here it gets no round any more
            tx.run(
                delete(tables.inbox).where(
                    tables.inbox.c.edge_id == edge_id, tables.inbox.c.run_id == run["id"]
                )
            )
            _order_stop(tx, run, edge_id, reason, "")
        settle(tx, run["id"])

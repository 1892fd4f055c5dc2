"""Runs: created, stopped, repeated. Plans and starts are in orders.py."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from agent_core.errors import ConflictError, NotFoundError, UserInputError
from agent_core.hub import (
    applications,
    groups,
    inbox,
    parameters,
    run_events,
    run_state,
    run_view,
    shelf,
    tables,
)
from agent_core.hub.store import Reader, Tx
from agent_core.protocol import signing
from agent_core.protocol.records import Account, Run
from agent_core.protocol.states import TERMINAL, Role, State


@dataclass(frozen=True)
class Wish:
    """What a new run should be."""

    project_id: int
    application_id: int
    server_edge: int
    client_edges: list[int]
    name: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    rounds: int | None = None
    round_deadline_s: float = 600.0
    quorum: int | None = None


def project(reader: Reader, project_id: int) -> RowMapping:
    """Return the row of a project; raises NotFoundError."""
    table = tables.projects
    row = reader.first(select(table).where(table.c.id == project_id))
    if row is None:
        raise NotFoundError(
            f"There is no project {project_id}, or it is not shared with you.",
            next_step="Choose one of the listed projects.",
        )
    return row


def create(tx: Tx, account_id: int, wish: Wish, key: str = "") -> Run:
    """Make a run in IDLE; the same idempotency key and wish give the same run again.

    Raises ConflictError where the key came with another wish.
    """
    group_id = project(tx, wish.project_id)["group_id"]
    known = _known(tx, account_id, wish, key, group_id) if key else None
    if known is not None:
        return known
    _check(tx, wish, group_id)
    application = applications.find(tx, wish.application_id)
    packages = applications.records(tx, [application], is_brief=True)[0].packages
    warned = parameters.warnings(packages, wish.parameters)
    clients = len(wish.client_edges)
    count = tx.scalar(select(tables.runs.c.id).order_by(tables.runs.c.id.desc()).limit(1))
    statement = insert(tables.runs).values(
        epoch=0, name=wish.name.strip() or f"run {(count or 0) + 1}",
        project_id=wish.project_id, group_id=group_id, application_id=wish.application_id,
        owner_id=account_id, state=State.IDLE.value, detail="", parameters=wish.parameters,
        rounds=wish.rounds, round=0, round_deadline_s=wish.round_deadline_s,
        quorum=wish.quorum or clients // 2 + 1, headline={}, created_at=tx.now, started_at=None,
        stop_asked_at=None, ended_at=None, ended_by="", plan_expires_at=None, archived_at=None,
        blobs_left=False, change=1,
    )  # fmt: skip
    run_id = int(tx.scalar(statement.returning(tables.runs.c.id)))
    edges = [(wish.server_edge, Role.SERVER), *((edge, Role.CLIENT) for edge in wish.client_edges)]
    rows = [
        {
            "run_id": run_id, "edge_id": edge, "role": role.value, "rank": rank,
            "state": State.IDLE.value, "status_seq": 0, "round": 0, "detail": "",
            "waiting_since": None, "waiting_until": None, "bytes_up": 0, "bytes_down": 0,
        }
        for rank, (edge, role) in enumerate(edges)
    ]  # fmt: skip
    tx.run(insert(tables.run_devices), rows)
    if key:
        tx.add_new(
            tables.idempotency,
            account_id=account_id, key=key, run_id=run_id, body_hash=_hash_of(wish),
        )  # fmt: skip
    run_events.add(tx, run_id, "state", "Created.")
    for text in warned:
        run_events.add(tx, run_id, "parameter", text, level="warn")
    tx.changed("run", run_id, group=group_id)
    return run_view.record(tx, run_id)


def _known(tx: Tx, account_id: int, wish: Wish, key: str, group_id: int) -> Run | None:
    """Return the run that this key made, where it was for the same wish in the same group."""
    table = tables.idempotency
    row = tx.first(select(table).where(table.c.account_id == account_id, table.c.key == key))
    if row is None:
        return None
    found = run_view.record(tx, row["run_id"])
    if found.group_id != group_id or row["body_hash"] not in {"", _hash_of(wish)}:
        raise ConflictError(
            "Another run was created with this idempotency key.",
            next_step="Send what you want now with a key of its own.",
            code="conflict.idempotency",
        )
    return found


def _hash_of(wish: Wish) -> str:
    return hashlib.sha256(signing.canonical(asdict(wish))).hexdigest()


def _check(tx: Tx, wish: Wish, group_id: int) -> None:
    table = tables.applications
    of_application = tx.scalar(select(table.c.group_id).where(table.c.id == wish.application_id))
    if of_application != group_id:
        raise NotFoundError(
            f"There is no application {wish.application_id} in the project's group.",
            next_step="Choose one of the group's applications, or create it there.",
        )
    edges = [wish.server_edge, *wish.client_edges]
    if len(set(edges)) != len(edges):
        raise UserInputError(
            "A device can have one part in a run only.",
            next_step="Choose another device for the server job, or leave it out as a client.",
            code="input.edges",
        )
    if not wish.client_edges or len(wish.client_edges) > 1000:
        raise UserInputError(
            "A run needs at least one client device.",
            next_step="Choose the devices that should train.",
            code="input.edges",
        )
    for edge in edges:
        if not groups.has_device(tx, group_id, edge):
            raise UserInputError(
                f"Device {edge} is not in the project's group.",
                next_step="Ask its operator to share it with the group.",
                code="input.edges",
            )
    if wish.quorum is not None and not 1 <= wish.quorum <= len(wish.client_edges):
        raise UserInputError(
            f"A quorum of {wish.quorum} cannot be met by {len(wish.client_edges)} silos.",
            next_step=f"Choose a number from 1 to {len(wish.client_edges)}.",
            code="input.quorum",
        )


def clone(tx: Tx, account_id: int, run_id: int) -> Run:
    """Make a new run in IDLE with the same content."""
    run = run_view.record(tx, run_id)
    return create(
        tx,
        account_id,
        Wish(
            project_id=run.project_id,
            application_id=run.application_id,
            server_edge=next(d.edge_id for d in run.devices if d.role is Role.SERVER),
            client_edges=[d.edge_id for d in run.devices if d.role is Role.CLIENT],
            name=shelf.next_name(tx, tables.runs, run.name, project_id=run.project_id),
            parameters=run.parameters,
            rounds=run.rounds,
            round_deadline_s=run.round_deadline_s,
            quorum=run.quorum,
        ),
    )


def check_ended(row: RowMapping) -> None:
    """Refuse to put away what still goes on; raises ConflictError."""
    state = State(row["state"])
    if state not in TERMINAL and state is not State.IDLE:
        raise ConflictError(
            f"Run {row['id']} is still going on.",
            next_step="Stop it first, or wait for its end.",
            code="conflict.state",
        )


def stop(tx: Tx, run_id: int, by: Account, reason: str) -> Run:
    """Ask every device of a run to end its job."""
    run = run_view.find(tx, run_id)
    state = State(run["state"])
    if state in TERMINAL or state is State.STOPPING:
        return run_view.record(tx, run_id)  # what was asked for is so, or on its way
    if state is State.IDLE:
        raise ConflictError(
            "This run has not been started.",
            next_step="There is nothing to stop.",
            code="conflict.state",
        )
    detail = f"Stopped by {by.name}" + (f": {reason}" if reason else ".")
    if run_state.move(tx, run, State.STOPPING, detail):
        table = tables.runs
        tx.run(
            update(table).where(table.c.id == run_id).values(stop_asked_at=tx.now, ended_by=by.name)
        )
        run_events.add(tx, run_id, "order", "Stop orders sent.", level="warn")
        stopping = run_view.find(tx, run_id)
        run_state.stop_devices(tx, stopping, detail, by.name)
        inbox.forget_run(tx, run_id)
        run_state.settle(tx, run_id)
    return run_view.record(tx, run_id)

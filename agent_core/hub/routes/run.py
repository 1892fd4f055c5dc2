"""Runs: created, planned, started, stopped, cloned, listed."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import Field, StringConstraints
from sqlalchemy import select

from agent_core.errors import UserInputError
from agent_core.hub import (
    accounts,
    applications,
    orders,
    pauses,
    run_events,
    run_view,
    runs,
    shelf,
    tables,
)
from agent_core.hub.bounds import fits
from agent_core.hub.routes.depends import (
    PREFIX,
    Body,
    CallerDep,
    HubDep,
    Limit,
    Name,
    Text,
    page_limit,
    page_of,
)
from agent_core.hub.store import Tx
from agent_core.protocol import signing
from agent_core.protocol.messages import RunPlan
from agent_core.protocol.records import Account, Page, Run
from agent_core.protocol.states import State

router = APIRouter(prefix=f"{PREFIX}/runs", tags=["runs"])

_Key = Annotated[str, StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9_=-]*$")]


class NewRun(Body):
    project_id: int
    application_id: int
    name: Annotated[Text, StringConstraints(max_length=200)] = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    rounds: int | None = Field(default=None, ge=1, le=1_000_000)
    round_deadline_s: float = Field(default=600.0, gt=0, le=30 * 86400)
    quorum: int | None = Field(default=None, ge=1)
    server_edge: int
    client_edges: list[int] = Field(min_length=1, max_length=1000)


class RunChange(Body):
    name: Name | None = None
    archived: bool | None = None


class SignedPlan(Body):
    plan: RunPlan
    owner_key: _Key
    signature: _Key


class Reason(Body):
    reason: Annotated[Text, StringConstraints(max_length=1000)] = ""


@router.post("", status_code=201)
def create(
    body: NewRun,
    caller: CallerDep,
    hub: HubDep,
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> Run:
    """Make a run in IDLE."""
    _check_parameters(body.parameters)
    with hub.store.write() as tx:
        project = runs.project(tx, body.project_id)
        caller.check(tx, "project", group_id=project["group_id"])
        wish = runs.Wish(**body.model_dump())
        return runs.create(tx, caller.account_id, wish, idempotency_key)


def _check_parameters(parameters: dict[str, Any]) -> None:
    try:
        size = len(signing.canonical(parameters))
    except (ValueError, RecursionError) as error:
        raise UserInputError(
            "A parameter is no finite number, text, list or table.",
            next_step="Correct the parameters.",
            code="input.parameters",
        ) from error
    if size > 64 * 1024 or not fits(parameters):
        raise UserInputError(
            "The parameters are larger than 64 kB, or hold a value out of range.",
            next_step="Put large values into the package's configuration.",
            code="input.parameters",
        )


@router.get("")
def list_runs(
    caller: CallerDep,
    hub: HubDep,
    project_id: int | None = None,
    group_id: int | None = None,
    state: State | None = None,
    archived: shelf.Archived = "no",
    cursor: str = "",
    limit: Limit = None,
) -> Page[Run]:
    """Return the runs of the account's groups, newest first."""
    table, members = tables.runs, tables.members
    own = select(members.c.group_id).where(members.c.account_id == caller.account_id)
    query = run_view.query().where(table.c.group_id.in_(own), shelf.wanted(table, archived))
    for column, value in ((table.c.project_id, project_id), (table.c.group_id, group_id)):
        if value is not None:
            query = query.where(column == value)
    if state is not None:
        query = query.where(table.c.state == state.value)
    with hub.store.read() as reader:
        rows, more, total = page_of(reader, query, table.c.id, cursor, page_limit(hub, limit))
        items = run_view.records(reader, rows)
    return Page[Run](items=items, next_cursor=more, total=total)


@router.get("/{run_id}")
def get(run_id: int, caller: CallerDep, hub: HubDep) -> Run:
    """Return a run with its devices and their timelines."""
    with hub.store.read() as reader:
        row = run_view.find(reader, run_id)
        caller.check(reader, "run", group_id=row["group_id"])
        return run_view.records(reader, [row])[0]


@router.patch("/{run_id}")
def change(run_id: int, body: RunChange, caller: CallerDep, hub: HubDep) -> Run:
    """Give a run another name, or put it away; curves, logs and models are kept."""
    with hub.store.write() as tx:
        row = run_view.find(tx, run_id)
        role = caller.group_role(tx, row["group_id"])
        caller.check(
            tx, "run", group_id=row["group_id"], owner_id=row["owner_id"] if role else None
        )
        if body.archived:
            runs.check_ended(row)
        shelf.change(tx, tables.runs, run_id, body.model_dump(exclude_unset=True))
        run_events.touch(tx, run_id, row["group_id"])
        return run_view.record(tx, run_id)


def _check_owner(tx: Any, caller: Any, row: Any) -> None:
    role = caller.group_role(tx, row["group_id"])
    # Who left the group may not start its runs any more, nor may an operator.
    may = role in accounts.BUILDERS and row["owner_id"] == caller.account_id
    caller.check(tx, "run", owner_id=row["owner_id"] if may else None, is_seen=role is not None)


@router.get("/{run_id}/plan")
def plan(run_id: int, caller: CallerDep, hub: HubDep) -> RunPlan:
    """Return what the owner signs to start the run."""
    with hub.store.read() as reader:
        row = run_view.find(reader, run_id)
        _check_owner(reader, caller, row)
        return orders.plan(reader, row, time.time(), hub.settings)


@router.post("/{run_id}/start")
def start(run_id: int, body: SignedPlan, caller: CallerDep, hub: HubDep) -> Run:
    """Check the owner's signature and order the devices to start."""
    with hub.store.write() as tx:
        row = run_view.find(tx, run_id)
        _check_owner(tx, caller, row)
        owner = accounts.get(tx, caller.account_id)
        orders.check(
            tx, row, owner, body.plan, body.owner_key, body.signature, hub.settings, tx.now
        )
        return orders.start(
            tx, row, body.plan, body.signature, body.owner_key,
            lambda sha256: hub.url_of(applications.package_key(sha256)),
        )  # fmt: skip


@router.post("/{run_id}/stop")
def stop(run_id: int, caller: CallerDep, hub: HubDep, body: Reason | None = None) -> Run:
    """Order the devices to end their jobs."""
    with hub.store.write() as tx:
        by = _stopper(tx, caller, run_id)
        return runs.stop(tx, run_id, by, (body or Reason()).reason)


@router.post("/{run_id}/pause")
def pause(run_id: int, caller: CallerDep, hub: HubDep, body: Reason | None = None) -> Run:
    """Pause the run when its present round ends."""
    with hub.store.write() as tx:
        by = _stopper(tx, caller, run_id)
        return pauses.pause(tx, run_id, by, (body or Reason()).reason)


@router.post("/{run_id}/resume")
def resume(run_id: int, caller: CallerDep, hub: HubDep) -> Run:
    """Let a paused run go on, or take back a pause that has not begun."""
    with hub.store.write() as tx:
        return pauses.resume(tx, run_id, _stopper(tx, caller, run_id))


def _stopper(tx: Tx, caller: CallerDep, run_id: int) -> Account:
    """Return the account of a caller who may stop, pause and resume a run."""
    row = run_view.find(tx, run_id)
    role = caller.group_role(tx, row["group_id"])
    caller.check(tx, "run", group_id=row["group_id"], owner_id=row["owner_id"] if role else None)
    return accounts.get(tx, caller.account_id)


@router.post("/{run_id}/clone", status_code=201)
def clone(run_id: int, caller: CallerDep, hub: HubDep) -> Run:
    """Make a new run with the same content."""
    with hub.store.write() as tx:
        row = run_view.find(tx, run_id)
        caller.check(tx, "run", group_id=row["group_id"])
        return runs.clone(tx, caller.account_id, run_id)

"""The registry of models across runs: listed, marked, deleted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import ColumnElement, RowMapping, Select, and_, delete, func, or_, select

from agent_core.errors import ConflictError
from agent_core.hub import blobs, run_events, tables
from agent_core.hub.callers import missing
from agent_core.hub.ports import Objects
from agent_core.hub.run_state import ENDED
from agent_core.hub.store import Reader, Store, Tx
from agent_core.hub.telemetry_view import cursor_number
from agent_core.protocol.metric_names import best_round
from agent_core.protocol.records import Page
from agent_core.protocol.records_models import ModelEntry
from agent_core.protocol.states import State

ROUND_SPAN = 10_000_000  # a cursor is run * this + round


@dataclass(frozen=True)
class Wanted:
    """Which models to list; None and "" leave a filter out."""

    project_id: int | None = None
    application_id: int | None = None
    group_id: int | None = None
    run_id: int | None = None
    text: str = ""
    mark: Literal["", "best", "newest"] = ""  # the one of each run
    up_to: int | None = None  # this round and earlier ones


def entries(
    reader: Reader, account_id: int, wanted: Wanted, cursor: str, limit: int
) -> Page[ModelEntry]:
    """Return the models of the account's groups, the newest run and round first."""
    query = _query(account_id, wanted)
    if wanted.mark:
        whole = _query(account_id, replace(wanted, text="", up_to=None))
        query = query.where(_place().in_(_marked(reader, whole, wanted.mark)))
    total = reader.scalar(select(func.count()).select_from(query.subquery()))
    table = tables.models
    if cursor:
        run_id, number = divmod(cursor_number(cursor), ROUND_SPAN)
        query = query.where(
            or_(table.c.run_id < run_id, and_(table.c.run_id == run_id, table.c.round < number))
        )
    rows = reader.all(query.order_by(table.c.run_id.desc(), table.c.round.desc()).limit(limit + 1))
    more = ""
    if len(rows) > limit:
        last = rows[limit - 1]
        more = str(last["run_id"] * ROUND_SPAN + last["round"])
    return Page[ModelEntry](
        items=_entries(reader, rows[:limit]), next_cursor=more, total=int(total or 0)
    )


def _query(account_id: int, wanted: Wanted) -> Select[Any]:
    table, runs, members = tables.models, tables.runs, tables.members
    projects, applications, accounts = tables.projects, tables.applications, tables.accounts
    own = select(members.c.group_id).where(members.c.account_id == account_id)
    query = (
        select(
            table,
            runs.c.name.label("run_name"),
            runs.c.project_id,
            runs.c.group_id,
            runs.c.application_id,
            runs.c.owner_id,
            projects.c.name.label("project_name"),
            applications.c.name.label("application_name"),
            accounts.c.name.label("owner_name"),
        )
        .join(runs, runs.c.id == table.c.run_id)
        .join(projects, projects.c.id == runs.c.project_id)
        .join(applications, applications.c.id == runs.c.application_id)
        .join(accounts, accounts.c.id == runs.c.owner_id)
        .where(runs.c.group_id.in_(own))
    )
    for column, value in (
        (runs.c.project_id, wanted.project_id),
        (runs.c.application_id, wanted.application_id),
        (runs.c.group_id, wanted.group_id),
        (table.c.run_id, wanted.run_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.up_to is not None:
        query = query.where(table.c.round <= wanted.up_to)
    if wanted.text:
        names = (
            runs.c.name, projects.c.name, applications.c.name, accounts.c.name, table.c.sha256,
        )  # fmt: skip
        query = query.where(or_(*(name.icontains(wanted.text, autoescape=True) for name in names)))
    return query


def _place() -> ColumnElement[int]:
    return tables.models.c.run_id * ROUND_SPAN + tables.models.c.round


def _marked(reader: Reader, query: Select[Any], mark: str) -> list[int]:
    """Return the places of the best or the newest model of each run."""
    table = tables.models
    runs: dict[int, dict[int, dict[str, float]]] = defaultdict(dict)
    for row in reader.all(query.with_only_columns(table.c.run_id, table.c.round, table.c.metrics)):
        runs[row["run_id"]][row["round"]] = row["metrics"]
    found = []
    for run_id, metrics in runs.items():
        number = best_round(metrics) if mark == "best" else max(metrics)
        if number is not None:
            found.append(run_id * ROUND_SPAN + number)
    return found


def _entries(reader: Reader, rows: Sequence[RowMapping]) -> list[ModelEntry]:
    run_ids = sorted({row["run_id"] for row in rows})
    table, devices = tables.models, tables.devices
    metrics: dict[int, dict[int, dict[str, float]]] = defaultdict(dict)
    for row in reader.all(
        select(table.c.run_id, table.c.round, table.c.metrics).where(table.c.run_id.in_(run_ids))
    ):
        metrics[row["run_id"]][row["round"]] = row["metrics"]
    edges = sorted({edge for row in rows for edge in row["sites"]})
    silos = {
        row["edge_id"]: row["silo"]
        for row in reader.all(
            select(devices.c.edge_id, devices.c.silo).where(devices.c.edge_id.in_(edges))
        )
    }
    best = {run_id: best_round(values) for run_id, values in metrics.items()}
    return [
        ModelEntry.model_validate({
            **row,
            "silos": [silos.get(edge, "") for edge in row["sites"]],
            "is_newest": row["round"] == max(metrics[row["run_id"]]),
            "is_best": row["round"] == best[row["run_id"]],
        })
        for row in rows
    ]  # fmt: skip


def remove(store: Store, objects: Objects, run_id: int, rounds: list[int], by: str) -> list[int]:
    """Delete models and their objects; return the rounds that are gone.

    The objects go first: where that fails the models stay listed, and can be deleted again.
    """
    table = tables.models
    chosen = and_(table.c.run_id == run_id, table.c.round.in_(rounds))
    with store.read() as reader:
        found = sorted(reader.scalars(select(table.c.round).where(chosen)))
        state = reader.scalar(select(tables.runs.c.state).where(tables.runs.c.id == run_id))
        keys = _keys(reader, run_id, found)
    if not found:
        raise missing("model")
    if state not in ENDED and state != State.IDLE.value:
        raise ConflictError(
            "The run still goes on, and its models with it.",
            next_step="Stop it, or wait for its end; then delete.",
            code="conflict.state",
        )
    objects.delete(keys)
    with store.write() as tx:
        tx.run(delete(table).where(chosen))
        tx.run(delete(tables.blobs).where(tables.blobs.c.key.in_(keys)))
        _tell(tx, run_id, found, by)
    return found


def _keys(reader: Reader, run_id: int, rounds: list[int]) -> list[str]:
    """Return the objects of these rounds' models which no other round's model shares."""
    table, stored = tables.models, tables.blobs
    mine = table.c.run_id == run_id
    shared = select(table.c.sha256).where(mine, table.c.round.not_in(rounds))
    own = select(table.c.sha256).where(mine, table.c.round.in_(rounds))
    keys = reader.scalars(
        select(stored.c.key).where(
            stored.c.run_id == run_id, stored.c.kind == "model",
            stored.c.sha256.in_(own), stored.c.sha256.not_in(shared),
        )
    )  # fmt: skip
    return sorted({*keys, *(blobs.model_key(run_id, number) for number in rounds)})


def _tell(tx: Tx, run_id: int, rounds: list[int], by: str) -> None:
    what = f"Model of round {rounds[0]}" if len(rounds) == 1 else f"{len(rounds)} models"
    run_events.add(tx, run_id, "model", f"{what} deleted by {by}.", level="warn", at=tx.now)
    group = tx.scalar(select(tables.runs.c.group_id).where(tables.runs.c.id == run_id))
    tx.changed("models", run_id, group=int(group or 0))

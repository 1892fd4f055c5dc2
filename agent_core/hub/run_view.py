"""Runs as people see them: rows put together into records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import RowMapping, Select, select

from agent_core.hub import datasets, presence, tables
from agent_core.hub.callers import missing
from agent_core.hub.store import Reader
from agent_core.hub.tables_pauses import run_pauses
from agent_core.protocol.records import Run, RunDevice, StageMark
from agent_core.protocol.states import TERMINAL, Role, Stage, State


def query() -> Select[tuple[object, ...]]:
    """Return the query for runs with the names that belong to them."""
    return (
        select(
            tables.runs,
            tables.projects.c.name.label("project_name"),
            tables.applications.c.name.label("application_name"),
            tables.accounts.c.name.label("owner_name"),
            run_pauses.c.asked_by.label("paused_by"),
        )
        .join(tables.projects, tables.projects.c.id == tables.runs.c.project_id)
        .join(tables.applications, tables.applications.c.id == tables.runs.c.application_id)
        .join(tables.accounts, tables.accounts.c.id == tables.runs.c.owner_id)
        .outerjoin(
            run_pauses,
            (run_pauses.c.run_id == tables.runs.c.id)
            & (run_pauses.c.epoch == tables.runs.c.epoch)
            & run_pauses.c.is_on.is_(True),
        )
    )


def find(reader: Reader, run_id: int) -> RowMapping:
    """Return the row of a run; raises NotFoundError."""
    row = reader.first(query().where(tables.runs.c.id == run_id))
    if row is None:
        raise missing("run")
    return row


def record(reader: Reader, run_id: int) -> Run:
    """Return a run with its devices."""
    return records(reader, [find(reader, run_id)])[0]


def records(reader: Reader, rows: Sequence[RowMapping]) -> list[Run]:
    """Return runs with their devices."""
    parts = _devices(reader, [row["id"] for row in rows])
    return [_record(row, parts[row["id"]]) for row in rows]


def _record(row: RowMapping, parts: list[RunDevice]) -> Run:
    values = dict(row)
    return Run.model_validate(
        {
            **values,
            "paused_by": (row["paused_by"] or "") if State(row["state"]) not in TERMINAL else "",
            "devices": parts,
            "bytes_up": sum(part.bytes_up for part in parts),
            "bytes_down": sum(part.bytes_down for part in parts),
        }
    )


def _devices(reader: Reader, run_ids: list[int]) -> dict[int, list[RunDevice]]:
    parts, table, stages = tables.run_devices, tables.devices, tables.stages
    marks: dict[tuple[int, int], list[StageMark]] = defaultdict(list)
    for row in reader.all(select(stages).where(stages.c.run_id.in_(run_ids)).order_by(stages.c.at)):
        marks[row["run_id"], row["edge_id"]].append(
            StageMark(
                stage=Stage(row["stage"]), at=row["at"], detail=row["detail"], round=row["round"]
            )
        )
    data = datasets.of_runs(reader, run_ids)
    found: dict[int, list[RunDevice]] = defaultdict(list)
    for row in reader.all(
        select(parts, table.c.name, table.c.silo, table.c.last_seen, table.c.gone)
        .join(table, table.c.edge_id == parts.c.edge_id)
        .where(parts.c.run_id.in_(run_ids))
        .order_by(parts.c.run_id, parts.c.rank)
    ):
        found[row["run_id"]].append(
            RunDevice(
                edge_id=row["edge_id"],
                name=row["name"],
                silo=row["silo"],
                role=Role(row["role"]),
                rank=row["rank"],
                state=State(row["state"]),
                stages=marks[row["run_id"], row["edge_id"]],
                round=row["round"],
                detail=row["detail"],
                waiting_since=row["waiting_since"],
                waiting_until=row["waiting_until"],
                presence=presence.seen(row["last_seen"], row["gone"]),
                last_seen=row["last_seen"],
                bytes_up=row["bytes_up"],
                bytes_down=row["bytes_down"],
                dataset=data.get((row["run_id"], row["edge_id"])),
            )
        )
    return found

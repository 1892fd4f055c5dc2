"""Telemetry as a window reads it: behind a cursor that only moves forward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, Select, Table, func, select

from agent_core.errors import UserInputError
from agent_core.hub import round_traffic, tables
from agent_core.hub.store import Reader
from agent_core.protocol.records import (
    Metric,
    ModelRecord,
    Page,
    RoundRecord,
    RunEvent,
    SystemSample,
)


def cursor_number(cursor: str) -> int:
    """Return the position behind which to read; raises UserInputError."""
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise UserInputError(
            "This cursor does not come from the hub.",
            next_step="Leave it out to read from the start.",
            code="input.cursor",
        )
    return int(cursor)


def _follow(
    reader: Reader, table: Table, query: Select[Any], after: str, limit: int
) -> tuple[Sequence[RowMapping], str]:
    cursor = cursor_number(after)
    rows = reader.all(query.where(table.c.pos > cursor).order_by(table.c.pos).limit(limit))
    return rows, str(rows[-1]["pos"] if rows else cursor)


def events(reader: Reader, run_id: int, after: str, limit: int) -> Page[RunEvent]:
    """Return what happened in a run since a cursor."""
    table = tables.run_events
    rows, following = _follow(
        reader, table, select(table).where(table.c.run_id == run_id), after, limit
    )
    return Page[RunEvent](
        items=[RunEvent.model_validate(dict(row)) for row in rows], next_cursor=following
    )


def metrics(
    reader: Reader, run_id: int, after: str, limit: int, key: str, edge_id: int | None
) -> Page[Metric]:
    """Return the points that came since a cursor."""
    table = tables.metrics
    query = select(table).where(table.c.run_id == run_id)
    if key:
        query = query.where(table.c.key == key)
    if edge_id is not None:
        query = query.where(table.c.edge_id == edge_id)
    rows, following = _follow(reader, table, query, after, limit)
    return Page[Metric](
        items=[Metric.model_validate(dict(row)) for row in rows], next_cursor=following
    )


def system(
    reader: Reader, run_id: int, after: str, limit: int, edge_id: int | None
) -> Page[SystemSample]:
    """Return the system figures that came since a cursor."""
    table = tables.system_samples
    query = select(table).where(table.c.run_id == run_id)
    if edge_id is not None:
        query = query.where(table.c.edge_id == edge_id)
    rows, following = _follow(reader, table, query, after, limit)
    return Page[SystemSample](
        items=[SystemSample.model_validate(row["data"]) for row in rows], next_cursor=following
    )


def rounds(reader: Reader, run_id: int, after: str, limit: int) -> Page[RoundRecord]:
    """Return a run's closed rounds behind a round number."""
    table = tables.rounds
    cursor = cursor_number(after) if after else -1
    rows = reader.all(
        select(table)
        .where(table.c.run_id == run_id, table.c.round > cursor)
        .order_by(table.c.round)
        .limit(limit)
    )
    following = str(rows[-1]["round"]) if rows else after
    bytes_of = round_traffic.of_rounds(reader, run_id, [row["round"] for row in rows])
    items = []
    for row in rows:
        up, down = bytes_of.get(row["round"], (0, 0))
        items.append(
            RoundRecord.model_validate({**row["data"], "bytes_up": up, "bytes_down": down})
        )
    return Page[RoundRecord](items=items, next_cursor=following)


def models(reader: Reader, run_id: int, cursor: str, limit: int) -> Page[ModelRecord]:
    """Return a run's models, the newest first."""
    table = tables.models
    mine = table.c.run_id == run_id
    query = select(table).where(mine).order_by(table.c.round.desc()).limit(limit + 1)
    if cursor:
        query = query.where(table.c.round < cursor_number(cursor))
    rows = reader.all(query)
    more = str(rows[limit - 1]["round"]) if len(rows) > limit else ""
    return Page[ModelRecord](
        items=[ModelRecord.model_validate(dict(row)) for row in rows[:limit]],
        next_cursor=more,
        total=reader.scalar(select(func.count()).select_from(table).where(mine)),
    )


def model(reader: Reader, run_id: int, round_number: int) -> ModelRecord | None:
    """Return the model of a round, or None."""
    table = tables.models
    row = reader.first(select(table).where(table.c.run_id == run_id, table.c.round == round_number))
    return ModelRecord.model_validate(dict(row)) if row else None

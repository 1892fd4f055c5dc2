"""What a run page follows: events, rounds, metrics, system figures, logs, models."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from agent_core.hub import blobs, logs, run_view, telemetry_view
from agent_core.hub.callers import Caller, missing
from agent_core.hub.routes.depends import (
    PREFIX,
    CallerDep,
    HubDep,
    Limit,
    follow_limit,
    page_limit,
)
from agent_core.hub.store import Reader
from agent_core.protocol.records import (
    LogLine,
    Metric,
    ModelRecord,
    Page,
    RoundRecord,
    RunEvent,
    SystemSample,
)

router = APIRouter(prefix=f"{PREFIX}/runs/{{run_id}}", tags=["telemetry"])


def _check(reader: Reader, caller: Caller, run_id: int) -> None:
    row = run_view.find(reader, run_id)
    caller.check(reader, "run", group_id=row["group_id"])


@router.get("/events")
def events(
    run_id: int, caller: CallerDep, hub: HubDep, after: str = "", limit: Limit = None
) -> Page[RunEvent]:
    """Return what happened in a run since a cursor."""
    with hub.store.read() as reader:
        _check(reader, caller, run_id)
        return telemetry_view.events(reader, run_id, after, follow_limit(hub, limit))


@router.get("/rounds")
def rounds(
    run_id: int, caller: CallerDep, hub: HubDep, after: str = "", limit: Limit = None
) -> Page[RoundRecord]:
    """Return a run's closed rounds."""
    with hub.store.read() as reader:
        _check(reader, caller, run_id)
        return telemetry_view.rounds(reader, run_id, after, follow_limit(hub, limit))


@router.get("/metrics")
def metrics(
    run_id: int,
    caller: CallerDep,
    hub: HubDep,
    after: str = "",
    limit: Limit = None,
    key: str = "",
    edge_id: int | None = None,
) -> Page[Metric]:
    """Return the points of a run's curves that came since a cursor."""
    with hub.store.read() as reader:
        _check(reader, caller, run_id)
        count = follow_limit(hub, limit)
        return telemetry_view.metrics(reader, run_id, after, count, key, edge_id)


@router.get("/system")
def system(
    run_id: int,
    caller: CallerDep,
    hub: HubDep,
    after: str = "",
    limit: Limit = None,
    edge_id: int | None = None,
) -> Page[SystemSample]:
    """Return the system figures that came since a cursor."""
    with hub.store.read() as reader:
        _check(reader, caller, run_id)
        return telemetry_view.system(reader, run_id, after, follow_limit(hub, limit), edge_id)


@router.get("/logs")
def read_logs(
    run_id: int,
    caller: CallerDep,
    hub: HubDep,
    after: str = "",
    before: str = "",
    limit: Limit = None,
    level: Literal["", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "",
    edge_id: int | None = None,
    text: Annotated[str, Query(max_length=500)] = "",
    tail: Annotated[int | None, Query(ge=1, le=5000)] = None,
) -> Page[LogLine]:
    """Return log lines behind a cursor, or with `tail` the last ones (of those before `before`).

    `level` means this level or higher. The cursor goes on behind everything that was looked at.
    """
    wanted = logs.Filter(level, edge_id, text)
    with hub.store.read() as reader:
        _check(reader, caller, run_id)
        if tail is None:
            cursor = telemetry_view.cursor_number(after)
            lines, end = hub.logs.after(reader, run_id, cursor, follow_limit(hub, limit), wanted)
            return Page[LogLine](items=lines, next_cursor=str(end))
        upper = telemetry_view.cursor_number(before) if before else None
        end = logs.last_position(reader, run_id)
        found = hub.logs.before(reader, run_id, upper, tail, wanted)
        first = found[0][0] if found else 0
        return Page[LogLine](
            items=[line for _, line in found],
            # Backwards: what to give as `before`. Otherwise: from where to follow.
            next_cursor=str(first) if before else str(end),
        )


@router.get("/models")
def models(
    run_id: int, caller: CallerDep, hub: HubDep, cursor: str = "", limit: Limit = None
) -> Page[ModelRecord]:
    """Return a run's models, the newest first."""
    with hub.store.read() as reader:
        _check(reader, caller, run_id)
        return telemetry_view.models(reader, run_id, cursor, page_limit(hub, limit))


@router.get("/models/{round_number}")
def model(run_id: int, round_number: int, caller: CallerDep, hub: HubDep) -> ModelRecord:
    """Return a round's model with an address for reading it."""
    with hub.store.read() as reader:
        _check(reader, caller, run_id)
        found = telemetry_view.model(reader, run_id, round_number)
        if found is None:
            raise missing("model")
        key = blobs.key_of_model(reader, run_id, round_number, found.sha256)
    return found.model_copy(update={"url": hub.url_of(key)})

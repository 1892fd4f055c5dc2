"""Telemetry on arrival: each record once, without gaps, in order per device and stream."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy import RowMapping, bindparam, insert, select, update

from agent_core.hub import run_events, tables
from agent_core.hub.bounds import finite, finite_only, fits
from agent_core.hub.counters import Counters
from agent_core.hub.logs import LogFiles
from agent_core.hub.part_of import part_of
from agent_core.hub.store import Tx
from agent_core.protocol.records import (
    LogLine,
    Metric,
    ModelRecord,
    RoundRecord,
    SystemSample,
    TelemetryBatch,
)
from agent_core.protocol.states import Role, State


class RunRound(RoundRecord):
    """A closed round with the run it belongs to, as it comes over the wire."""

    run_id: int


SHAPES: dict[str, type[BaseModel]] = {
    "metrics": Metric,
    "logs": LogLine,
    "system": SystemSample,
    "rounds": RunRound,
    "models": ModelRecord,
}


_runs, _parts, _streams = tables.runs, tables.run_devices, tables.streams

# Prepared: each device brings several batches a second.
_STREAM = select(_streams.c.highest, _streams.c.spool).where(
    _streams.c.edge_id == bindparam("edge"), _streams.c.stream == bindparam("name")
)
_PART = part_of(_runs.c.id, _runs.c.group_id, _parts.c.role, tables.devices.c.silo).where(
    _runs.c.state != State.IDLE.value
)
_REACHED = (
    update(_parts)
    .where(
        _parts.c.run_id == bindparam("run"),
        _parts.c.edge_id == bindparam("edge"),
        _parts.c.round < bindparam("reached"),
    )
    .values(round=bindparam("reached"))
)


@dataclass(frozen=True)
class _Part:
    run_id: int
    group_id: int
    is_server: bool
    silo: str


class Ingest:
    """Writes batches down, one device's batch in one transaction."""

    def __init__(self, logs: LogFiles, counters: Counters) -> None:
        self._logs = logs
        self._counters = counters

    def accept(self, tx: Tx, edge_id: int, batch: TelemetryBatch) -> int:
        """Keep what is new of a batch; return the highest sequence without a gap."""
        row = tx.first(_STREAM, {"edge": edge_id, "name": batch.stream})
        known = int(row["highest"]) if row is not None else 0
        if row is not None and row["spool"] != batch.spool and batch.records:
            # The device began a new database: its numbers are other records than those before.
            known = batch.first_sequence - 1
        last = batch.first_sequence + len(batch.records) - 1
        if batch.first_sequence > known + 1 or last <= known:
            return known  # a gap, which is asked for again, or a repeat
        fresh = list(enumerate(batch.records, batch.first_sequence))[
            known + 1 - batch.first_sequence :
        ]
        for run_id, items in self._by_run(batch.stream, edge_id, fresh).items():
            part = _part(tx, run_id, edge_id)
            if part is None:
                self._counters.refused("stranger", edge_id, f"{batch.stream} of run {run_id}")
                continue
            self._write(tx, batch.stream, part, edge_id, items)
        tx.put(
            tables.streams, edge_id=edge_id, stream=batch.stream, highest=last, spool=batch.spool
        )
        self._counters.add("silodesk_telemetry_records_total", len(fresh), stream=batch.stream)
        return last

    def _by_run(
        self, stream: str, edge_id: int, numbered: Iterable[tuple[int, dict[str, Any]]]
    ) -> dict[int, list[Any]]:
        """Return the valid records by run; a bad one is counted and does not stop the rest."""
        found: dict[int, list[Any]] = defaultdict(list)
        for sequence, raw in numbered:
            own = {"sequence": sequence, "edge_id": raw.get("edge_id", edge_id)}
            try:
                record: Any = SHAPES[stream].model_validate({**raw, **own})
            except ValidationError as error:
                self._counters.refused("record", edge_id, str(error)[:200])
                continue
            if stream != "logs" and not fits(record.model_dump()):
                self._counters.refused("record", edge_id, f"{stream}: a value out of range")
            elif record.run_id:
                found[record.run_id].append(record)
        return found

    def _write(self, tx: Tx, stream: str, part: _Part, edge_id: int, items: list[Any]) -> None:
        if stream == "logs":
            self._logs.append(tx, part.run_id, edge_id, items)
        elif stream == "metrics":
            self._metrics(tx, part, edge_id, items)
        elif stream == "system":
            _system(tx, part, edge_id, items)
        elif not part.is_server:
            self._counters.refused("role", edge_id, f"{stream} of run {part.run_id}")
            return
        elif stream == "rounds":
            _rounds(tx, part, items)
        else:
            _models(tx, part, items)
        if stream in {"rounds", "models"}:
            run_events.touch(tx, part.run_id, part.group_id)
        tx.changed(stream, part.run_id, group=part.group_id)

    def _metrics(self, tx: Tx, part: _Part, edge_id: int, items: list[Metric]) -> None:
        good: list[Metric] = []
        for item in items:
            curve = 0 if item.edge_id == 0 else edge_id
            if curve == 0 and not part.is_server:
                self._counters.refused("role", edge_id, f"global metric of run {part.run_id}")
            elif not math.isfinite(item.value):
                self._not_finite(tx, part, edge_id, item)
            else:
                good.append(item.model_copy(update={"edge_id": curve}))
        if not good:
            return
        first = tx.positions(part.run_id, "metrics", len(good))
        rows = [
            {**item.model_dump(), "key": item.key[:200], "pos": first + index}
            for index, item in enumerate(good)
        ]
        tx.run(insert(tables.metrics), rows)
        headline = {item.key: item.value for item in good if item.edge_id == 0}
        if headline:
            _headline(tx, part, headline)
        reached = max((item.round or 0 for item in good if item.edge_id), default=0)
        _reached(tx, part.run_id, edge_id, reached)

    def _not_finite(self, tx: Tx, part: _Part, edge_id: int, item: Metric) -> None:
        self._counters.refused("not_finite", edge_id, f"{item.key} of run {part.run_id}")
        run_events.add(
            tx,
            part.run_id,
            "round",
            f"{part.silo}: {item.key} is {item.value} in round {item.round or '?'}; "
            "training has diverged there.",
            edge_id=edge_id,
            level="warn",
            at=item.at,
        )


def _part(tx: Tx, run_id: int, edge_id: int) -> _Part | None:
    row: RowMapping | None = tx.first(_PART, {"run": run_id, "edge": edge_id})
    if row is None:
        return None
    return _Part(row["id"], row["group_id"], row["role"] == Role.SERVER.value, row["silo"])


def _system(tx: Tx, part: _Part, edge_id: int, items: list[SystemSample]) -> None:
    first = tx.positions(part.run_id, "system", len(items))
    rows = [
        {
            "run_id": part.run_id,
            "pos": first + index,
            "edge_id": edge_id,
            "data": finite(item.model_copy(update={"edge_id": edge_id}).model_dump()),
        }
        for index, item in enumerate(items)
    ]
    tx.run(insert(tables.system_samples), rows)


def _rounds(tx: Tx, part: _Part, items: list[RunRound]) -> None:
    for item in items:
        values = finite_only(item.metrics)
        data = item.model_copy(update={"metrics": values}).model_dump(exclude={"run_id"})
        tx.put(tables.rounds, run_id=part.run_id, round=item.round, data=data)
        late = item.asked - item.answered
        # Two whole sentences: a value that may be empty would not be found by its template.
        told = f"Round {item.round} closed: {item.answered} of {item.asked} answered."
        if late > 0:
            told = (
                f"Round {item.round} closed: {item.answered} of {item.asked} answered, {late} late."
            )
        run_events.add(
            tx,
            part.run_id,
            "round",
            told,
            level="warn" if item.closed_by == "deadline" else "info",
            at=item.closed_at,
        )
        _headline(tx, part, values)
    runs = tables.runs
    newest = max(item.round for item in items)
    tx.run(update(runs).where(runs.c.id == part.run_id, runs.c.round < newest).values(round=newest))


def _models(tx: Tx, part: _Part, items: list[ModelRecord]) -> None:
    for item in items:
        tx.put(
            tables.models,
            run_id=part.run_id,
            round=item.round,
            sha256=item.sha256,
            size=item.size,
            created_at=item.created_at,
            metrics=finite_only(item.metrics),
            sites=item.sites,
        )
        run_events.add(
            tx, part.run_id, "model", f"Model of round {item.round} stored.", at=item.created_at
        )


def _headline(tx: Tx, part: _Part, values: dict[str, float]) -> None:
    runs = tables.runs
    mine = runs.c.id == part.run_id
    now = tx.scalar(select(runs.c.headline).where(mine)) or {}
    if {**now, **values} != now:
        tx.run(update(runs).where(mine).values(headline={**now, **values}))
        run_events.touch(tx, part.run_id, part.group_id)


def _reached(tx: Tx, run_id: int, edge_id: int, round_number: int) -> None:
    tx.run(_REACHED, {"run": run_id, "edge": edge_id, "reached": round_number})

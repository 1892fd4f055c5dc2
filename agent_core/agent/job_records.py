"""What a job reports, as the records that the hub keeps; raises where it makes no sense."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from agent_core.agent.job import Job
from agent_core.protocol.records import LogLine, Metric, ModelRecord, RoundRecord
from agent_core.telemetry.redact import LineRedactor

LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
TEXT_LIMIT = 16_000  # characters of a log line
Record = dict[str, Any]


def metrics(job: Job, fields: Mapping[str, Any]) -> tuple[list[Record], list[str]]:
    """Return the records of a metrics frame, and what could not become one.

    JSON has no NaN: a curve that breaks off is what a person should see, and why.
    """
    records, complaints = [], []
    for item in fields["records"]:
        value = float(item["value"])
        if not math.isfinite(value):
            where = f" in round {item['round']}" if item.get("round") is not None else ""
            complaints.append(f"The metric {item['key']} is {value}{where}; it cannot be drawn.")
            continue
        metric = Metric(
            edge_id=0 if item.get("scope") == "global" else job.edge_id,
            run_id=job.run_id,
            key=str(item["key"])[:200],
            value=value,
            round=item.get("round"),
            step=int(item.get("step") or item.get("round") or 0),
            at=float(item.get("at") or time.time()),
        )
        records.append(metric.model_dump(mode="json"))
    return records, complaints


def log_line(job: Job, line: Mapping[str, Any], source: str, redactor: LineRedactor) -> Record:
    """Return a log line without secrets."""
    level = str(line.get("level") or "INFO").upper()
    record = LogLine(
        edge_id=job.edge_id,
        run_id=job.run_id,
        at=float(line.get("at") or time.time()),
        level=cast("Any", level if level in LEVELS else "INFO"),
        source=source,
        text=redactor.line(str(line.get("text") or "")[:TEXT_LIMIT]),
    )
    return record.model_dump(mode="json")


def closed_round(fields: Mapping[str, Any]) -> RoundRecord:
    """Return a closed round."""
    record = RoundRecord.model_validate(fields)
    return record.model_copy(update={"metrics": _finite(record.metrics)})


def model(job: Job, fields: Mapping[str, Any]) -> ModelRecord:
    """Return a round's model."""
    return ModelRecord(
        run_id=job.run_id,
        round=int(fields["round"]),
        sha256=str(fields["sha256"]),
        size=int(fields["size"]),
        created_at=time.time(),
        metrics=_finite(fields.get("metrics") or {}),
        sites=[int(site) for site in fields.get("sites") or []],
    )


@dataclass(frozen=True)
class Progress:
    """Where a job is, and what it waits for."""

    round: int
    rounds: int | None
    detail: str
    until: float | None


def progress(job: Job, fields: Mapping[str, Any]) -> Progress:
    """Return a progress frame; what is waited for becomes a sentence."""
    waiting = [int(edge) for edge in fields.get("waiting") or []]
    detail = str(fields.get("detail") or "")
    if waiting and not detail:
        silos = [edge.silo for edge in job.plan.edges if edge.edge_id in waiting]
        detail = f"Waits for {', '.join(silos)}."
    until = fields.get("until")
    return Progress(
        round=int(fields.get("round") or 0),
        rounds=int(fields["rounds"]) if fields.get("rounds") else None,
        detail=detail[:2000],
        until=float(until) if until and waiting else None,
    )


def _finite(values: Mapping[str, Any]) -> dict[str, float]:
    return {str(key): float(value) for key, value in values.items() if math.isfinite(float(value))}

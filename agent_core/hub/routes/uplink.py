"""What devices send over HTTP: telemetry, and objects on their way to the store."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints, ValidationError

from agent_core.errors import LimitError, ProtocolError
from agent_core.hub import blobs
from agent_core.hub.limits import unpacked
from agent_core.hub.routes.depends import PREFIX, Body, CallerDep, HubDep, Sha256
from agent_core.hub.routes.package import Part
from agent_core.hub.state import Hub
from agent_core.protocol.records import TelemetryAck, TelemetryBatch

router = APIRouter(prefix=PREFIX, tags=["devices"])


class NewObject(Body):
    run_id: int
    kind: Literal["blob", "model"]
    round: int = Field(default=0, ge=0, le=2**31 - 1)
    sha256: Sha256
    size: int = Field(ge=0, le=2**53)


class ObjectDone(Body):
    run_id: int
    sha256: Sha256
    upload_id: Annotated[str, StringConstraints(max_length=2000)] = ""
    parts: list[Part] = Field(default_factory=list, max_length=10_000)


@router.post("/telemetry")
async def telemetry(request: Request, caller: CallerDep, hub: HubDep) -> TelemetryAck:
    """Take a batch of one stream; answers the highest sequence that the hub has without a gap."""
    body = await request.body()
    encoding = request.headers.get("content-encoding", "")
    return await asyncio.to_thread(_ingest, hub, caller.edge_id, body, encoding)


def _ingest(hub: Hub, edge_id: int, body: bytes, encoding: str) -> TelemetryAck:
    raw = unpacked(body, encoding, hub.settings.telemetry_unpacked_limit)
    try:
        batch = TelemetryBatch.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ProtocolError(
            f"The telemetry batch has another shape: {where}: {first['msg']}."
        ) from error
    if len(batch.records) > hub.settings.telemetry_records:
        raise LimitError(
            f"A batch of {len(batch.records)} records is over the limit of "
            f"{hub.settings.telemetry_records}.",
            next_step="Send smaller batches.",
            code="limit.records",
        )
    if batch.first_sequence > 2**53:
        raise ProtocolError("The batch's sequence is out of range.")
    with hub.store.write() as tx:
        highest = hub.ingest.accept(tx, edge_id, batch)
    return TelemetryAck(stream=batch.stream, highest=highest)


@router.post("/objects", status_code=201)
def begin(body: NewObject, caller: CallerDep, hub: HubDep) -> dict[str, Any]:
    """Return where a device puts a blob or a model, or that the hub has it already."""
    return blobs.begin(
        hub.store, hub.object_store, hub.settings, hub.model_checks, caller.edge_id,
        run_id=body.run_id, kind=body.kind, round_number=body.round,
        sha256=body.sha256, size=body.size,
    )  # fmt: skip


@router.post("/objects/complete")
def finish(body: ObjectDone, caller: CallerDep, hub: HubDep) -> dict[str, Any]:
    """Put a device's upload together; afterwards messages may name it."""
    blobs.finish(
        hub.store, hub.object_store, hub.model_checks, caller.edge_id,
        run_id=body.run_id, sha256=body.sha256, upload_id=body.upload_id,
        parts=[part.model_dump() for part in body.parts],
    )  # fmt: skip
    return {}

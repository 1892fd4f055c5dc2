"""For whoever watches the hub: alive, ready, and its numbers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import func, select

from agent_core.errors import SiloDeskError
from agent_core.hub import inbox, presence, tables
from agent_core.hub.routes.depends import PREFIX, CallerDep, HubDep
from agent_core.hub.store import Reader

router = APIRouter(tags=["health"])
PROBE_SIZE = 4096
PROBE_VALID_S = 120


@router.get("/healthz")
def alive() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def ready(hub: HubDep) -> Response:
    """Say whether the hub can do its work: database and broker answer."""
    checks: dict[str, Any] = {}
    try:
        with hub.store.read() as reader:
            reader.scalar(select(1))
        checks["database"] = "ok"
    except SiloDeskError as error:
        checks["database"] = error.sentence
    if hub.link is not None:
        checks["broker"] = "ok" if hub.link.connected else "not connected"
    is_ready = all(value == "ok" for value in checks.values())
    return JSONResponse(
        {"status": "ok" if is_ready else "not ready", "checks": checks}, 200 if is_ready else 503
    )


@router.post(f"{PREFIX}/probes", status_code=201)
def probe(caller: CallerDep, hub: HubDep) -> dict[str, str]:
    """Return addresses for writing and reading a few bytes, for who checks the way to the store.

    One object for each caller, overwritten by the next check.
    """
    who = f"device-{caller.edge_id}" if caller.edge_id else f"account-{caller.account_id}"
    store, key = hub.object_store, f"probes/{who}"
    put = store.presign_put(key, PROBE_SIZE, PROBE_SIZE)
    return {"put": str(put["parts"][0]["url"]), "get": store.presign_get(key, PROBE_VALID_S)}


@router.get("/metrics")
def numbers(hub: HubDep) -> PlainTextResponse:
    """Return the hub's numbers in Prometheus's text form."""
    with hub.store.read() as reader:
        text = hub.counters.text() + _gauges(reader)
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


def _gauges(reader: Reader) -> str:
    runs, table = tables.runs, tables.devices
    lines = ["# TYPE silodesk_runs gauge"]
    states = reader.all(select(runs.c.state, func.count().label("count")).group_by(runs.c.state))
    lines += [f'silodesk_runs{{state="{row["state"]}"}} {row["count"]}' for row in states]
    seen = {"online": 0, "silent": 0, "offline": 0}
    for row in reader.all(
        select(table.c.last_seen, table.c.gone).where(table.c.revoked.is_(False))
    ):
        seen[presence.seen(row["last_seen"], row["gone"])] += 1
    lines.append("# TYPE silodesk_devices gauge")
    lines += [f'silodesk_devices{{presence="{name}"}} {count}' for name, count in seen.items()]
    lines.append("# TYPE silodesk_inbox_waiting gauge")
    lines.append(f"silodesk_inbox_waiting {inbox.waiting(reader)}")
    return "\n".join(lines) + "\n"

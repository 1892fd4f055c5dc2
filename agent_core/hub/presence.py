"""Whether a device is there: derived from its last heartbeat, never stored."""

from __future__ import annotations

import time
from typing import Any, Literal

from sqlalchemy import update

from agent_core.hub import tables
from agent_core.hub.store import Tx
from agent_core.protocol.messages import OFFLINE_AFTER_S, SILENT_AFTER_S, Presence
from agent_core.protocol.states import State

Seen = Literal["online", "silent", "offline"]


def seen(last_seen: float | None, gone: bool, now: float | None = None) -> Seen:
    """Return how a device with this last heartbeat is shown."""
    if last_seen is None or gone:
        return "offline"
    age = (time.time() if now is None else now) - last_seen
    if age <= SILENT_AFTER_S:
        return "online"
    return "silent" if age <= OFFLINE_AFTER_S else "offline"


def shown_state(row: Any) -> State:
    """Return the state of a device's row: what it said last, or OFFLINE."""
    if seen(row["last_seen"], row["gone"]) == "offline":
        return State.OFFLINE
    return State(row["state"])


def heartbeat(tx: Tx, edge_id: int, message: Presence) -> None:
    """Write down a heartbeat."""
    table = tables.devices
    tx.run(
        update(table)
        .where(table.c.edge_id == edge_id)
        .values(
            last_seen=tx.now,
            gone=False,
            state=message.state.value,
            running=message.running[:100],
            agent_version=message.agent_version[:50],
        )
    )


def left(tx: Tx, edge_id: int) -> bool:
    """Write down that the broker saw the connection break; return whether that is news."""
    table = tables.devices
    return bool(
        tx.run(
            update(table)
            .where(table.c.edge_id == edge_id, table.c.gone.is_(False))
            .values(gone=True)
        )
    )

"""How a device is there right now, between two readings of the hub's list."""

from __future__ import annotations

import time
from typing import Literal

from agent_core.protocol.messages import OFFLINE_AFTER_S, SILENT_AFTER_S
from agent_core.protocol.records import Device
from agent_core.protocol.states import State
from app.i18n import tr
from app.widgets.words import age

Seen = Literal["online", "silent", "offline"]
OLD_AFTER_S = 30.0  # a value's age is amber, its number faint
_BOUNDS = {"online": (0.0, SILENT_AFTER_S), "silent": (SILENT_AFTER_S, OFFLINE_AFTER_S)}


def heard_ago(device: Device, read_at: float, now: float | None = None) -> float | None:
    """Return the age of a device's last heartbeat in seconds.

    The hub's word on its presence bounds the age: this machine's clock may be wrong.
    """
    if device.last_seen is None:
        return None
    now = time.time() if now is None else now
    then = max(0.0, read_at - device.last_seen)
    if device.presence in _BOUNDS:
        low, high = _BOUNDS[device.presence]
        then = then if low <= then <= high else low  # the clocks differ: believe the hub
    return then + max(0.0, now - read_at)


def seen_now(device: Device, read_at: float, now: float | None = None) -> Seen:
    """Return how a device is there; it falls silent here in the same second as at the hub."""
    ago = heard_ago(device, read_at, now)
    if ago is None or device.presence == "offline" or ago > OFFLINE_AFTER_S:
        return "offline"
    return "online" if ago <= SILENT_AFTER_S else "silent"


def badge_of(device: Device, read_at: float, now: float | None = None) -> tuple[str, str]:
    """Return a device's state and the badge's words, empty for the state's own."""
    if device.revoked:
        return "WITHDRAWN", tr("Revoked")
    seen = seen_now(device, read_at, now)
    if seen == "silent":
        ago = heard_ago(device, read_at, now) or 0.0
        return "SILENT", tr("Silent {age}", age=tr("{n} s", n=f"{ago:.0f}"))
    if seen == "offline":
        return "OFFLINE", ""
    state = device.state
    return (State.IDLE if state is State.OFFLINE else state).value, ""


def age_of(device: Device, read_at: float, now: float | None = None) -> str:
    """Return the age of the last heartbeat as words."""
    ago = heard_ago(device, read_at, now)
    return tr("never") if ago is None else age(0.0, ago)

"""A device as the new-run dialog offers it: whether it can take part at once, and on what data."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent_core.protocol.records import Device
from app.i18n import tr
from app.widgets.seen import Seen, age_of, seen_now
from app.widgets.words import plural


@dataclass(frozen=True)
class DeviceRow:
    """One device of the group as the dialog offers it."""

    device: Device
    is_chosen: bool
    is_server: bool
    is_approved: bool | None = None  # by a standing approval, as far as earlier runs tell
    read_at: float = field(default=0.0, compare=False)
    rows: int | None = None  # of the data that its operator shows to the group

    @property
    def seen(self) -> Seen:
        """Return how the device is there in this second."""
        return seen_now(self.device, self.read_at)

    @property
    def readiness(self) -> tuple[str, str, str]:
        """Return icon, words and colour token of whether it can take part at once."""
        device = self.device
        if self.is_server:
            return "server", tr("aggregates"), "info"
        if self.seen == "offline":
            seen = (
                tr("last seen {age} ago", age=age_of(device, self.read_at))
                if device.last_seen
                else tr("never seen")
            )
            return "wifi-off", seen, "faint"
        if self.seen == "silent":
            return "radio", tr("silent {age}", age=age_of(device, self.read_at)), "warn"
        if device.running:
            return (
                "activity",
                tr("busy with {count}", count=plural(len(device.running), "run")),
                "info",
            )
        if self.is_approved is None:
            return "hourglass", tr("may ask its operator"), "warn"
        if not self.is_approved:
            return "hourglass", tr("asks its operator"), "warn"
        return "circle-check", tr("ready, approved"), "ok"


def rows_shown(device: Device, group_id: int) -> int | None:
    """Return the rows of a device's data that a group may know of; None where nothing is told."""
    known = [
        one.rows
        for one in device.datasets
        if one.rows is not None and (one.groups is None or group_id in one.groups)
    ]
    return sum(known) if known else None

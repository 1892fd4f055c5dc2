"""Devices as the page shows them: rows, filters, what may be done with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent_core.protocol.records import Device, Group, Run
from agent_core.protocol.states import TERMINAL
from app.i18n import mark, tr
from app.widgets.seen import seen_now

FILTERS: tuple[tuple[str, str], ...] = (
    ("all", mark("All")), ("working", mark("Working")), ("idle", mark("Idle")),
    ("silent", mark("Silent")), ("offline", mark("Offline")), ("revoked", mark("Revoked")),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class DeviceRow:
    """A device with what stands around it."""

    device: Device
    slot: int = 0
    runs: tuple[Run, ...] = ()
    groups: tuple[str, ...] = ()
    is_me: bool = False
    is_own: bool = False
    may_revoke: bool = False
    read_at: float = 0.0

    def __eq__(self, other: object) -> bool:
        """Compare what is shown; thousands of rows are compared at each reading."""
        return isinstance(other, DeviceRow) and self._shown() == other._shown()

    def __hash__(self) -> int:
        return hash(self.device.edge_id)

    def _shown(self) -> tuple[object, ...]:
        one = self.device
        return (
            one.edge_id, one.last_seen, one.presence, one.state, one.revoked, one.name, one.silo,
            one.running, one.agent_version, self.slot, self.groups, self.is_me, self.is_own,
            self.may_revoke, [(run.id, run.round) for run in self.runs],
        )  # fmt: skip

    @property
    def kind(self) -> str:
        """Return the filter that this row falls under at this moment."""
        if self.device.revoked:
            return "revoked"
        seen = seen_now(self.device, self.read_at)
        if seen != "online":
            return seen
        return "working" if self.device.running else "idle"

    def fits(self, text: str) -> bool:
        """Return whether all typed words stand somewhere in the row."""
        one = self.device
        whole = " ".join(
            [one.name, one.silo, str(one.edge_id), one.device_id, one.hardware.cpu,
             *one.hardware.gpus, one.hardware.os, one.account_name, *self.groups]
        ).lower()  # fmt: skip
        return all(word in whole for word in text.lower().split())


@dataclass(frozen=True)
class Found:
    """What one reading brought."""

    devices: Sequence[Device] = ()
    groups: Sequence[Group] = ()
    runs: Mapping[int, Run] = field(default_factory=dict)
    read_at: float = 0.0


def rows_of(found: Found, status: Mapping[str, Any]) -> list[DeviceRow]:
    """Return the rows: this machine first, then by silo and name."""
    me = int((status.get("device") or {}).get("edge_id") or 0)
    account = status.get("account") or {}
    number = int(account.get("id") or 0)
    slots = _slots(found)
    rows = []
    for device in found.devices:
        groups = [group for group in found.groups if device.edge_id in group.devices]
        governs = bool(groups) and all(group.owner_id == number for group in groups)
        running = [found.runs[one] for one in device.running if one in found.runs]
        rows.append(
            DeviceRow(
                device,
                slot=slots[device.edge_id],
                runs=tuple(run for run in running if run.state not in TERMINAL),
                groups=tuple(group.name for group in groups),
                is_me=device.edge_id == me,
                is_own=device.account_id == number,
                may_revoke=governs or bool(account.get("is_admin")),
                read_at=found.read_at,
            )
        )
    return sorted(
        rows, key=lambda r: (not r.is_me, r.device.silo.lower(), r.device.name, r.device.edge_id)
    )


def _slots(found: Found) -> dict[int, int]:
    """Return each device's colour: its place in its first group, as everywhere else."""
    slots: dict[int, int] = {}
    for group in sorted(found.groups, key=lambda one: one.id):
        for place, edge in enumerate(group.devices):
            slots.setdefault(edge, place)
    for device in found.devices:
        slots.setdefault(device.edge_id, len(slots))
    return slots


def counts_of(rows: Sequence[DeviceRow]) -> dict[str, int]:
    """Return how many rows each filter lets through."""
    counts = dict.fromkeys((key for key, _ in FILTERS), 0)
    for row in rows:
        counts[row.kind] += 1
    counts["all"] = len(rows) - counts["revoked"]
    return counts


def shown(rows: Sequence[DeviceRow], wanted: str, text: str) -> list[DeviceRow]:
    """Return the rows that a filter and a search let through."""
    return [
        row for row in rows
        if row.fits(text) and (row.kind == wanted or (wanted == "all" and row.kind != "revoked"))
    ]  # fmt: skip


def heading(rows: Sequence[DeviceRow]) -> str:
    """Return how many devices there are at how many sites."""
    present = [row for row in rows if not row.device.revoked]
    sites = {row.device.silo for row in present}
    if len(present) == 1:
        return tr("1 device")
    if len(sites) == 1:
        return tr("{n} devices at 1 site", n=len(present))
    return tr("{n} devices at {sites} sites", n=len(present), sites=len(sites))

"""The sites of a run: letters and colour slot, the same in lists, curves, logs and timelines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent_core.protocol.records import RunDevice
from agent_core.protocol.states import Role
from app.widgets.badges import site_letters

SLOTS = 6  # colours; from the seventh site on, lines are dashed


@dataclass(frozen=True)
class Site:
    """How one device of a run is shown."""

    edge_id: int
    name: str
    letters: str
    slot: int
    is_server: bool = False
    device: str = ""

    @property
    def is_dashed(self) -> bool:
        """Return whether its colour is used a second time."""
        return self.slot >= SLOTS


def sites_of(devices: Iterable[RunDevice], group: Sequence[int] = ()) -> dict[int, Site]:
    """Return the sites by edge id; slots follow the order in which devices joined the group."""
    ordered = sorted(devices, key=lambda one: (one.role == Role.SERVER, one.rank, one.edge_id))
    places = {edge: place for place, edge in enumerate(group)}
    following = len(places)
    taken: set[str] = set()
    sites: dict[int, Site] = {}
    for device in ordered:
        if device.edge_id not in places:
            places[device.edge_id] = following
            following += 1
        name = device.silo or device.name
        letters = _free(name, taken)
        taken.add(letters)
        sites[device.edge_id] = Site(
            device.edge_id,
            name,
            letters,
            places[device.edge_id],
            device.role == Role.SERVER,
            device.name,
        )
    return sites


def _free(name: str, taken: set[str]) -> str:
    """Return letters that no other site of the run has, where the name gives any."""
    first: str = site_letters(name)
    if first not in taken:
        return first
    rest = [char.upper() for char in name if char.isalnum()]
    for char in [*rest[1:], *"23456789"]:
        other = f"{first[0]}{char}"
        if other not in taken:
            return other
    return first

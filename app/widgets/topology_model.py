"""What a topology shows: hub, aggregator and silos, and where each one stands."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from agent_core.protocol.records import Device, Group
from agent_core.protocol.states import State
from app.i18n import tr
from app.widgets.badges import site_letters
from app.widgets.tokens import look
from app.widgets.words import age

HUB = 0  # the key of the hub; all others are edge ids
IN_A_ROW = 8  # silos; more of them stand on rings
GAP_X, HUB_Y, SERVER_Y, SILO_Y = 136.0, 0.0, 190.0, 410.0
RING_START, RING_STEP, RING_GAP = 230.0, 112.0, 124.0
_WORKING = frozenset({"RUNNING", "TRAINING", "INITIALIZING", "STOPPING"})

Part = Literal["hub", "server", "silo"]
Line = Literal["working", "idle", "silent", "offline"]


@dataclass(frozen=True)
class Node:
    """One place in the picture and one row in the table."""

    key: int
    part: Part
    title: str
    device: str = ""
    letters: str = ""
    slot: int = 0
    state: str = "IDLE"
    detail: str = ""  # the host, the round; ages are added when shown
    last_seen: float | None = None
    round_trip_ms: float | None = None
    is_me: bool = False
    bytes_up: int = 0
    bytes_down: int = 0

    @property
    def line(self) -> Line:
        """Return how the line to this node is drawn: solid where its heartbeat is seen."""
        if self.state in {"SILENT", "OFFLINE"}:
            return "silent" if self.state == "SILENT" else "offline"
        return "working" if self.state in _WORKING or self.part == "hub" else "idle"

    @property
    def looks(self) -> tuple[object, ...]:
        """Return what the picture of this node depends on."""
        age = self.last_seen if self.state in {"SILENT", "OFFLINE"} else None
        trip = self.round_trip_ms if self.part == "hub" else None
        return self.state, self.detail, self.title, self.letters, self.slot, self.is_me, age, trip


@dataclass(frozen=True)
class Topology:
    """The nodes, the hub first, then the aggregator where there is one."""

    nodes: Sequence[Node] = field(default_factory=tuple)
    server: int = HUB  # the key of what the silos' lines lead to

    def find(self, key: int) -> Node | None:
        """Return a node."""
        return next((node for node in self.nodes if node.key == key), None)


def topology_of(answer: Mapping[str, Any], status: Mapping[str, Any]) -> Topology:
    """Return what `groups.topology` answered, seen from this agent."""
    group = Group.model_validate(answer["group"])
    devices = [Device.model_validate(one) for one in answer["devices"]]
    runs = list(answer["runs"])
    parts = {part["edge_id"]: {**part, "run": run} for run in runs for part in run["parts"]}
    me = int((status.get("device") or {}).get("edge_id") or 0)
    server = _server(devices, runs, group.owner_id)
    slots = {edge: place for place, edge in enumerate(e for e in group.devices if e != server)}
    ordered = sorted(devices, key=lambda one: (one.edge_id != server, one.edge_id))
    found = [_node(one, parts.get(one.edge_id), server, slots, me) for one in ordered]
    return Topology((_hub(status), *found), server)


def _server(devices: Sequence[Device], runs: Sequence[dict[str, Any]], owner: int) -> int:
    present = {device.edge_id for device in devices}
    working = [run["server_edge"] for run in runs if run["server_edge"] in present]
    if working:
        return int(working[-1])
    own = [device.edge_id for device in devices if device.account_id == owner]
    return own[0] if own else HUB


def _hub(status: Mapping[str, Any]) -> Node:
    host = str(status.get("hub_url") or "").split("//")[-1].rstrip("/")
    state = str(status.get("state") or "offline")
    shown = {"online": "ONLINE", "silent": "SILENT", "connecting": "CONNECTING"}
    return Node(
        HUB, "hub", tr("Hub"), device=str(status.get("hub_name") or ""), detail=host,
        state=shown.get(state, "OFFLINE"), round_trip_ms=status.get("heartbeat_ms"),
    )  # fmt: skip


def _node(
    device: Device, part: Mapping[str, Any] | None, server: int, slots: Mapping[int, int], me: int
) -> Node:
    state = shown_state(device, part["state"] if part else "")
    detail = ""
    if part is not None and part["round"]:
        detail = tr("round {n}", n=part["round"])
    is_server = device.edge_id == server
    return Node(
        device.edge_id,
        "server" if is_server else "silo",
        tr("Aggregator · {silo}", silo=device.silo) if is_server else device.silo,
        device=device.name,
        letters=site_letters(device.silo or device.name),
        slot=slots.get(device.edge_id, 0),
        state=state,
        detail=detail,
        last_seen=device.last_seen,
        round_trip_ms=device.vitals.round_trip_ms if device.vitals else None,
        is_me=device.edge_id == me,
        bytes_up=int(part["bytes_up"]) if part else 0,
        bytes_down=int(part["bytes_down"]) if part else 0,
    )


def shown_state(device: Device, part: str = "") -> str:
    """Return a device's state for people; a missed heartbeat comes before what it did last."""
    if device.presence != "online":
        return device.presence.upper()
    return part if part and part != State.IDLE else str(device.state.value)


def caption(node: Node, now: float | None = None) -> str:
    """Return what stands under a node's name."""
    now = time.time() if now is None else now
    if node.part == "hub":
        trip = "" if node.round_trip_ms is None else tr("{n} ms", n=f"{node.round_trip_ms:.0f}")
        return " · ".join(word for word in (node.detail, trip) if word)
    word = look(node.state).word.lower()
    if node.line in {"silent", "offline"} and node.last_seen is not None:
        return f"{word} {age(node.last_seen, now)}"
    words = [tr("you")] if node.is_me else []
    return " · ".join([*words, word, *([node.detail] if node.detail else [])])


def spoken(node: Node, now: float | None = None) -> str:
    """Return a node as a sentence for screen readers."""
    name = node.title if not node.device else f"{node.title}, {node.device}"
    return ", ".join(word for word in (name, caption(node, now)) if word)


def places_of(shown: Topology) -> dict[int, tuple[float, float]]:
    """Return where each node stands: rows for a few silos, rings for many."""
    silos = [node.key for node in shown.nodes if node.part == "silo"]
    places: dict[int, tuple[float, float]] = {}
    if len(silos) <= IN_A_ROW:
        places[HUB] = (0.0, HUB_Y)
        if shown.server != HUB:
            places[shown.server] = (0.0, SERVER_Y)
        left = -GAP_X * (len(silos) - 1) / 2
        y = SILO_Y if shown.server != HUB else SERVER_Y + 30
        places.update({key: (left + GAP_X * i, y) for i, key in enumerate(silos)})
        return places
    places[HUB] = (0.0, 0.0) if shown.server == HUB else (0.0, -96.0)
    if shown.server != HUB:
        places[shown.server] = (0.0, 62.0)
    places.update(_rings(silos))
    return places


def _rings(silos: Sequence[int]) -> dict[int, tuple[float, float]]:
    places: dict[int, tuple[float, float]] = {}
    done, radius = 0, RING_START
    while done < len(silos):
        room = max(1, int(math.tau * radius / RING_GAP))
        here = silos[done : done + room]
        step = math.tau / len(here)
        for i, key in enumerate(here):
            turn = i * step - math.pi / 2
            places[key] = (radius * math.cos(turn), radius * math.sin(turn))
        done += len(here)
        radius += RING_STEP
    return places

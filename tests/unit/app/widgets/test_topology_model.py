"""Where the nodes of a topology stand, and what is said of them."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

from agent_core.protocol.records import Device, Group
from agent_core.protocol.states import State
from agent_core.protocol.vitals import Vitals
from app.widgets.topology_model import (
    HUB,
    IN_A_ROW,
    Node,
    Topology,
    caption,
    places_of,
    shown_state,
    spoken,
    topology_of,
)


def device(edge: int, account: int = 2, **fields: Any) -> Device:
    given = {
        "edge_id": edge, "device_id": f"0x{edge}", "name": f"node-{edge}", "silo": f"Site {edge}",
        "account_id": account, "public_key": "", "state": State.IDLE, "presence": "online",
        "last_seen": time.time(), "created_at": 0.0,
    }  # fmt: skip
    return Device.model_validate({**given, **fields})


def answer(devices: list[Device], runs: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    group = Group(id=1, name="g", owner_id=1, created_at=0, devices=[d.edge_id for d in devices])
    return {
        "group": group.model_dump(mode="json"),
        "devices": [one.model_dump(mode="json") for one in devices],
        "runs": runs or [],
    }


def run(server: int, *clients: int) -> dict[str, Any]:
    parts = [{"edge_id": server, "state": "RUNNING", "round": 4, "bytes_up": 1, "bytes_down": 2}]
    parts += [
        {"edge_id": edge, "state": "TRAINING", "round": 4, "bytes_up": 9, "bytes_down": 8}
        for edge in clients
    ]
    return {"run_id": 1, "server_edge": server, "client_edges": list(clients), "parts": parts}


def silos(count: int) -> Topology:
    nodes = [Node(HUB, "hub", "Hub"), Node(1, "server", "Server")]
    nodes += [Node(k, "silo", f"Site {k}") for k in range(2, count + 2)]
    return Topology(tuple(nodes), 1)


def test_the_running_runs_server_is_the_aggregator_else_the_owners_device() -> None:
    found = [device(5, account=1), device(6), device(7)]
    assert topology_of(answer(found), {}).server == 5
    working = topology_of(answer(found, [run(7, 5, 6)]), {"device": {"edge_id": 6}})
    assert working.server == 7
    assert [node.part for node in working.nodes] == ["hub", "server", "silo", "silo"]
    six = working.find(6)
    assert six is not None
    assert (six.state, six.detail, six.bytes_up, six.is_me) == ("TRAINING", "round 4", 9, True)
    assert topology_of(answer([device(6)]), {}).server == HUB


def test_a_missed_heartbeat_comes_before_what_the_device_did_last() -> None:
    assert shown_state(device(1, presence="silent"), "TRAINING") == "SILENT"
    assert shown_state(device(1, presence="offline"), "TRAINING") == "OFFLINE"
    assert shown_state(device(1), "TRAINING") == "TRAINING"
    assert shown_state(device(1, state="RUNNING")) == "RUNNING"


@pytest.mark.parametrize(
    ("state", "line"),
    [("TRAINING", "working"), ("IDLE", "idle"), ("SILENT", "silent"), ("OFFLINE", "offline")],
)
def test_lines_are_solid_where_a_heartbeat_is_seen(state: str, line: str) -> None:
    assert Node(1, "silo", "Site", state=state).line == line


def test_captions_say_state_round_and_age() -> None:
    now = 1000.0
    training = Node(1, "silo", "Site", device="n", state="TRAINING", detail="round 4", is_me=True)
    assert caption(training, now) == "you · training · round 4"
    silent = Node(1, "silo", "Site", state="SILENT", last_seen=now - 43)
    assert caption(silent, now) == "silent 43 s"
    hub = Node(HUB, "hub", "Hub", state="ONLINE", detail="hub.example", round_trip_ms=23.6)
    assert caption(hub, now) == "hub.example · 24 ms"
    assert spoken(training, now) == "Site, n, you · training · round 4"


def test_round_trips_come_from_the_devices_heartbeats() -> None:
    vitals = Vitals(at=1.0, round_trip_ms=31.0)
    node = topology_of(answer([device(6, vitals=vitals)]), {}).find(6)
    assert node is not None
    assert node.round_trip_ms == 31.0


@pytest.mark.parametrize("count", [1, 6, IN_A_ROW, IN_A_ROW + 1, 60, 2000])
def test_no_two_nodes_touch(count: int) -> None:
    places = places_of(silos(count))
    assert len(places) == count + 2
    cells: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for x, y in places.values():
        column, line = int(x // 80), int(y // 80)
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                for other in cells.get((column + dx, line + dy), []):
                    assert math.dist((x, y), other) >= 72
        cells.setdefault((column, line), []).append((x, y))


def test_few_silos_stand_in_a_row_under_the_aggregator() -> None:
    places = places_of(silos(6))
    assert len({y for key, (_, y) in places.items() if key > 1}) == 1
    assert places[HUB][1] < places[1][1] < places[2][1]
    assert sum(x for key, (x, _) in places.items() if key > 1) == pytest.approx(0)

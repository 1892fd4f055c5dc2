"""What people and devices of a group see of each other, and what ends at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.hub_bench import Person, Scene, sqlite_bench

from agent_core.hub.vitals import KEPT, VitalsBoard
from agent_core.protocol.vitals import Vitals


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with sqlite_bench(tmp_path) as bench:
        yield Scene(bench)


def kinds(scene: Scene) -> list[str]:
    found = scene.owner.ok("GET", f"/groups/{scene.group}/events")["items"]
    return [str(one["kind"]) for one in found]


def events(scene: Scene, kind: str) -> list[dict[str, Any]]:
    found = scene.owner.ok("GET", f"/groups/{scene.group}/events")["items"]
    return [one for one in found if one["kind"] == kind]


def test_heartbeats_bring_the_machines_figures(scene: Scene) -> None:
    silo = scene.silos[0]
    assert scene.owner.ok("GET", "/devices")["items"][1]["vitals"] is None
    for percent in (10.0, 20.0):
        silo.beat(vitals=Vitals(at=time.time(), cpu_percent=percent, round_trip_ms=24.0))
    found = {one["edge_id"]: one for one in scene.owner.ok("GET", "/devices")["items"]}
    assert found[silo.edge]["vitals"]["cpu_percent"] == 20.0
    history = scene.owner.ok("GET", f"/devices/{silo.edge}/vitals")["items"]
    assert [one["cpu_percent"] for one in history] == [10.0, 20.0]
    links = scene.owner.ok("GET", f"/groups/{scene.group}/topology")["links"]
    trips = {one["to"]: one["round_trip_ms"] for one in links}
    assert trips[silo.edge] == 24.0
    assert trips[scene.server.edge] is None


def test_figures_are_for_those_who_see_the_device(scene: Scene) -> None:
    stranger = scene.join("stranger")
    scene.owner.ok("DELETE", f"/groups/{scene.group}/members/{stranger.id}")
    assert stranger.call("GET", f"/devices/{scene.silos[0].edge}/vitals").status_code == 404


def test_the_board_keeps_the_last_minutes_only() -> None:
    board = VitalsBoard()
    for number in range(KEPT + 5):
        board.take(1, Vitals(at=float(number)))
    board.take(1, None)
    assert [board.history(1)[0].at, board.history(1)[-1].at] == [5.0, float(KEPT + 4)]
    board.forget(1)
    assert board.history(1) == []


def test_a_group_remembers_who_came_and_which_device_fell_silent(scene: Scene) -> None:
    assert kinds(scene).count("joined") == 2
    assert kinds(scene)[-1] == "created"
    silo = scene.silos[0]
    silo.beat()
    sweeper = scene.bench.sweeper
    sweeper.watch_presence()
    with scene.bench.store.write() as tx:
        tx.conn.exec_driver_sql("UPDATE devices SET last_seen = last_seen - 20")
    sweeper.watch_presence()
    [silent] = events(scene, "silent")
    assert (silent["device"], silent["edge_id"]) == (silo.name, silo.edge)
    silo.beat()
    sweeper.watch_presence()
    assert kinds(scene)[:2] == ["online", "silent"]


def test_an_invitation_by_address_is_shown_to_its_addressee(scene: Scene) -> None:
    person = scene.people[0]
    study = scene.owner.ok("POST", "/groups", json={"name": "second"})["id"]
    body = {"group_id": study, "email": person.email.upper(), "role": "scientist"}
    made = scene.owner.ok("POST", "/invitations", json=body)
    assert [n.account_id for n in scene.bench.notices if n.what == "invitation"][-1] == person.id
    [mine] = person.ok("GET", "/invitations/mine")["items"]
    assert (mine["id"], mine["group_name"], mine["link"]) == (made["id"], "second", "")
    assert scene.people[1].ok("GET", "/invitations/mine")["items"] == []
    path = f"/invitations/{made['id']}"
    assert scene.people[1].call("POST", f"{path}/accept").status_code == 404
    group = person.ok("POST", f"{path}/accept")
    assert {one["role"] for one in group["members"]} == {"owner", "scientist"}
    assert person.ok("GET", "/invitations/mine")["items"] == []


def test_an_invitation_by_address_is_declined_and_one_without_is_not(scene: Scene) -> None:
    person = scene.people[0]
    study = scene.owner.ok("POST", "/groups", json={"name": "second"})["id"]
    body = {"group_id": study, "email": person.email}
    made = scene.owner.ok("POST", "/invitations", json=body)
    assert person.ok("POST", f"/invitations/{made['id']}/decline")["state"] == "declined"
    loose = scene.owner.ok("POST", "/invitations", json={"group_id": study})
    assert person.call("POST", f"/invitations/{loose['id']}/accept").status_code == 404


def test_taking_an_invitation_back_can_be_undone(scene: Scene) -> None:
    body = {"group_id": scene.group}
    made = scene.owner.ok("POST", "/invitations", json=body)
    path = f"/invitations/{made['id']}"
    assert scene.owner.call("POST", f"{path}/reopen").status_code == 409
    scene.owner.ok("DELETE", path)
    assert scene.people[0].call("POST", f"{path}/reopen").status_code in {403, 404}
    assert scene.owner.ok("POST", f"{path}/reopen")["state"] == "open"
    assert kinds(scene)[:3] == ["reopened", "revoked", "invited"]


def test_a_removed_member_loses_access_at_once_and_its_device_stops(scene: Scene) -> None:
    run = scene.running()
    person, silo = scene.people[0], scene.silos[0]
    assert person.call("GET", f"/runs/{run['id']}").status_code == 200
    scene.owner.ok("DELETE", f"/groups/{scene.group}/members/{person.id}")
    for path in (f"/runs/{run['id']}", f"/groups/{scene.group}", f"/projects/{scene.project}",
                 f"/runs/{run['id']}/models", f"/groups/{scene.group}/events"):  # fmt: skip
        assert person.call("GET", path).status_code == 404, path
    part = next(d for d in scene.get(run)["devices"] if d["edge_id"] == silo.edge)
    assert part["state"] == "FAILED"
    assert "not a member" in part["detail"]
    assert silo.inbox("stop")
    assert scene.server.inbox("peer")
    scene.server.send(run, silo.edge, "for nobody")
    assert not silo.inbox("round")
    [event] = events(scene, "removed")
    assert (event["who"], event["by"]) == (person.name, scene.owner.name)


def test_a_removal_can_be_taken_back_by_who_did_it(scene: Scene) -> None:
    person, silo, group = scene.people[0], scene.silos[0], scene.group
    scene.owner.ok("DELETE", f"/groups/{group}/members/{person.id}")
    path = f"/groups/{group}/devices/{silo.edge}"
    assert scene.owner.call("PUT", path).status_code in {403, 404}  # no member, no device
    body = {"role": "operator"}
    scene.owner.ok("PUT", f"/groups/{group}/members/{person.id}", json=body)
    assert silo.edge in scene.owner.ok("PUT", path)["devices"]
    person.ok("DELETE", path)  # its own wish is not for the owner to undo
    assert scene.owner.call("PUT", path).status_code == 403


def test_a_revoked_device_loses_access_at_once(scene: Scene) -> None:
    silo = scene.silos[0]
    batch = {"stream": "logs", "first_sequence": 1, "records": []}
    scene.bench.ok("POST", "/telemetry", headers=silo.auth, json=batch)
    assert scene.people[1].call("DELETE", f"/devices/{silo.edge}").status_code == 403
    assert scene.owner.ok("DELETE", f"/devices/{silo.edge}")["revoked"]
    answer = scene.bench.call("POST", "/telemetry", headers=silo.auth, json=batch)
    assert answer.status_code == 401
    assert silo.edge not in scene.owner.ok("GET", f"/groups/{scene.group}")["devices"]
    silo.beat()
    assert scene.bench.hub.counters.text().count("unknown_device") == 1
    assert "revoked_device" in kinds(scene)


def test_the_owner_of_one_group_does_not_revoke_a_device_of_another(scene: Scene) -> None:
    person, silo = scene.people[0], scene.silos[0]
    own = person.ok("POST", "/groups", json={"name": "mine"})["id"]
    person.ok("PUT", f"/groups/{own}/devices/{silo.edge}")
    colleague = Person(scene.bench, "colleague", scene.invite())
    assert colleague.call("DELETE", f"/devices/{silo.edge}").status_code == 403
    with scene.bench.store.write() as tx:  # the first account is administrator too: not here
        tx.conn.exec_driver_sql("UPDATE accounts SET is_admin = 0")
    assert scene.owner.call("DELETE", f"/devices/{silo.edge}").status_code == 403


def test_collaborators_come_with_the_groups_both_are_in(scene: Scene) -> None:
    person = scene.people[0]
    scene.owner.ok("POST", "/groups", json={"name": "private"})
    found = {one["name"]: one for one in person.ok("GET", "/collaborators")["items"]}
    assert [place["name"] for place in found["ada"]["groups"]] == ["study"]
    assert found["ada"]["devices"] == 1
    assert found["ada"]["groups"][0]["role"] == "owner"


def test_topology_tells_each_parts_bytes_and_round(scene: Scene) -> None:
    run = scene.running()
    found = scene.owner.ok("GET", f"/groups/{scene.group}/topology")
    [active] = found["runs"]
    assert active["run_id"] == run["id"]
    assert active["server_edge"] == scene.server.edge
    assert {part["edge_id"] for part in active["parts"]} == {
        machine.edge for machine in [scene.server, *scene.silos]
    }
    assert all({"bytes_up", "bytes_down", "round"} <= set(part) for part in active["parts"])

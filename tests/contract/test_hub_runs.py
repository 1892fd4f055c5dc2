"""The life of a run at the hub: plan, orders, states, ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from helpers.hub_bench import Machine, Scene
from sqlalchemy import update

from agent_core.hub import tables
from agent_core.hub.settings import HubSettings
from agent_core.protocol import signing
from agent_core.protocol.messages import RunPlan, StartOrder, StatusMessage
from agent_core.protocol.states import Stage, State


def part(run: dict[str, Any], machine: Machine) -> dict[str, Any]:
    return next(device for device in run["devices"] if device["edge_id"] == machine.edge)


def start_body(scene: Scene, run: dict[str, Any], **changes: Any) -> dict[str, Any]:
    plan = {**scene.owner.ok("GET", f"/runs/{run['id']}/plan"), **changes}
    signature = signing.sign(scene.owner.key, plan)
    return {"plan": plan, "owner_key": scene.owner.public, "signature": signature}


def test_start_orders_every_device_with_the_signed_plan(scene: Scene) -> None:
    run = scene.start(parameters={"lr": 0.1})
    assert (run["state"], run["epoch"]) == ("QUEUED", 1)
    for machine in [scene.server, *scene.silos]:
        ((order, _),) = machine.inbox("start")
        assert isinstance(order, StartOrder)
        plan = order.plan.model_dump(mode="json")
        signing.verify(order.owner_key, order.signature, plan)
        assert order.plan.edge(machine.edge).device_name == machine.name
        assert order.plan.parameters == {"lr": 0.1}
        assert order.package_url == f"get:packages/{scene.package}.zip"
        assert [mark["stage"] for mark in part(run, machine)["stages"]] == ["sent"]


@pytest.mark.parametrize(
    "change",
    [{"parameters": {"lr": 9}}, {"epoch": 2}, {"quorum": 1}, {"expires_at": 9e9},
     {"issued_at": 1.0}, {"run_id": 99}],
)  # fmt: skip
def test_s1_a_plan_that_is_not_the_runs_own_starts_nothing(
    scene: Scene, change: dict[str, Any]
) -> None:
    run = scene.create()
    body = start_body(scene, run, **change)
    assert scene.owner.call("POST", f"/runs/{run['id']}/start", json=body).status_code == 409
    assert scene.get(run)["state"] == "IDLE"
    assert not scene.server.inbox("start")


def test_s1_a_forged_signature_or_another_key_starts_nothing(scene: Scene) -> None:
    run = scene.create()
    body = start_body(scene, run)
    forged = {**body, "plan": {**body["plan"], "run_name": "other"}}
    other = {**body, "owner_key": scene.people[0].public}
    for bad in (forged, other):
        assert scene.owner.call("POST", f"/runs/{run['id']}/start", json=bad).status_code == 403
    assert not scene.server.inbox("start")
    path = f"/runs/{run['id']}/start"
    assert scene.owner.ok("POST", path, json=body)["state"] == "QUEUED"
    assert scene.owner.call("POST", path, json=body).status_code == 409  # a start is no restart
    assert len(scene.server.inbox("start")) == 1


def test_a_run_goes_from_queued_to_finished(scene: Scene) -> None:
    run = scene.start()
    server, silo = scene.server, scene.silos[0]
    server.status(run, State.INITIALIZING, stage=Stage.FETCHED)
    assert scene.get(run)["state"] == "INITIALIZING"
    server.status(run, State.PENDING_APPROVAL, detail="Waiting for the operator.")
    waiting = scene.get(run)
    assert waiting["state"] == "PENDING_APPROVAL"
    assert server.name in waiting["detail"]
    assert part(waiting, server)["waiting_since"]
    server.status(run, State.INITIALIZING, stage=Stage.APPROVED)
    assert part(scene.get(run), server)["waiting_since"] is None
    server.status(run, State.RUNNING, stage=Stage.STARTED)
    for machine in scene.silos:
        machine.begin(run)
    silo.status(run, State.TRAINING, stage=Stage.ROUND, round=2, bytes_up=700, bytes_down=30)
    running = scene.get(run)
    assert (running["state"], running["bytes_up"], running["bytes_down"]) == ("RUNNING", 700, 30)
    assert part(running, silo)["round"] == 2
    stages = [mark["stage"] for mark in part(running, silo)["stages"]]
    assert stages == ["sent", "fetched", "started", "round"]
    server.status(run, State.FINISHED, stage=Stage.ENDED, detail="3 rounds done.")
    ended = scene.get(run)
    assert (ended["state"], ended["detail"]) == ("FINISHED", "3 rounds done.")
    assert ended["ended_at"] >= ended["started_at"]
    assert len(silo.inbox("stop")) == 1
    assert not server.inbox("stop")
    for machine in scene.silos:  # the hub ended their jobs because the run is done
        machine.status(run, State.KILLED, detail="Stopped.")
    assert {device["state"] for device in scene.get(run)["devices"]} == {"FINISHED"}
    events = scene.owner.ok("GET", f"/runs/{run['id']}/events")["items"]
    assert [e["text"] for e in events if e["kind"] == "state" and e["edge_id"] is None] == [
        "Created.", "INITIALIZING", f"PENDING_APPROVAL: Waiting for approval at {_silo(server)}.",
        "INITIALIZING", "RUNNING", "FINISHED: 3 rounds done.",
    ]  # fmt: skip


def _silo(machine: Machine) -> str:
    return f"silo {machine.name}"


@pytest.mark.parametrize("state", [State.FAILED, State.EXCEPTION, State.KILLED])
def test_the_servers_bad_end_is_the_runs(scene: Scene, state: State) -> None:
    run = scene.running()
    scene.server.status(run, state, stage=Stage.ENDED, detail="ValueError: shapes differ.")
    ended = scene.get(run)
    assert ended["state"] == state.value
    assert ended["detail"] == f"{_silo(scene.server)}: ValueError: shapes differ."
    assert all(len(machine.inbox("stop")) == 1 for machine in scene.silos)


def test_a_refusing_client_is_told_to_the_server_and_ends_the_run_below_the_quorum(
    scene: Scene,
) -> None:
    run = scene.start(quorum=1)
    first, second = scene.silos
    first.status(run, State.FAILED, detail="Refused by the operator: not this data.")
    ((peer, _),) = scene.server.inbox("peer")
    assert (peer.edge_id, peer.state) == (first.edge, State.FAILED)
    assert "not this data" in peer.reason
    assert scene.get(run)["state"] == "QUEUED"
    second.status(run, State.FAILED, detail="No Python.")
    ended = scene.get(run)
    assert ended["state"] == "FAILED"
    assert ended["detail"] == (
        "Only 0 of 2 silos are left and a round needs 1. "
        f"{_silo(first)}: Refused by the operator: not this data.; {_silo(second)}: No Python."
    )
    assert len(scene.server.inbox("stop")) == 1


def test_clients_that_wait_hold_the_run_only_while_the_quorum_needs_them(scene: Scene) -> None:
    run = scene.start(quorum=2)
    scene.silos[0].status(run, State.INITIALIZING)
    scene.silos[0].status(run, State.PENDING_APPROVAL)
    assert scene.get(run)["state"] == "PENDING_APPROVAL"
    scene.silos[0].status(run, State.INITIALIZING)
    assert scene.get(run)["state"] == "INITIALIZING"
    lenient = scene.start(quorum=1)
    scene.silos[0].status(lenient, State.PENDING_APPROVAL)
    assert scene.get(lenient)["state"] == "QUEUED"


def test_stop_in_the_midst_waits_for_the_devices(scene: Scene) -> None:
    run = scene.running()
    path = f"/runs/{run['id']}/stop"
    stopping = scene.owner.ok("POST", path, json={"reason": "wrong data"})
    assert (stopping["state"], stopping["ended_by"]) == ("STOPPING", "ada")
    machines = [scene.server, *scene.silos]
    for machine in machines:
        ((order, _),) = machine.inbox("stop")
        assert (order.run_id, order.epoch, order.by) == (run["id"], 1, "ada")
        assert "wrong data" in order.reason
    assert scene.owner.ok("POST", path)["state"] == "STOPPING"
    assert all(len(machine.inbox("stop")) == 1 for machine in machines)
    scene.server.status(run, State.RUNNING, round=3)  # crossed the order on its way
    assert part(scene.get(run), scene.server)["state"] == "STOPPING"
    for machine in machines[:-1]:
        machine.status(run, State.KILLED)
    assert scene.get(run)["state"] == "STOPPING"
    machines[-1].status(run, State.KILLED)
    ended = scene.get(run)
    assert (ended["state"], ended["detail"]) == ("KILLED", "Stopped by ada: wrong data")


def test_r4_stop_ends_without_the_devices_after_its_bound(
    make_scene: Callable[..., Scene],
) -> None:
    scene = make_scene(HubSettings(stop_bound_s=-1.0))
    run = scene.running()
    scene.owner.ok("POST", f"/runs/{run['id']}/stop")
    scene.bench.sweeper.end_overdue()
    assert scene.get(run)["state"] == "KILLED"
    # The devices still have to obey, and what they report is still written down.
    assert part(scene.get(run), scene.server)["state"] == "STOPPING"
    scene.server.status(run, State.KILLED)
    assert part(scene.get(run), scene.server)["state"] == "KILLED"
    assert scene.get(run)["state"] == "KILLED"


def test_r4_stop_before_the_devices_took_the_order(scene: Scene) -> None:
    run = scene.start()
    ended = scene.owner.ok("POST", f"/runs/{run['id']}/stop")
    assert ended["state"] == "KILLED"  # no device was ever there
    scene.bench.published.clear()
    scene.server.beat(resync=True)
    assert not scene.server.inbox("start")
    assert len(scene.server.inbox("stop")) == 1  # it may have the order all the same


def test_r8_a_server_that_never_answers_ends_the_run_with_the_reason(
    make_scene: Callable[..., Scene],
) -> None:
    scene = make_scene(HubSettings(server_lost_s=-1.0))
    run = scene.running()
    scene.bench.sweeper.end_overdue()
    ended = scene.get(run)
    assert ended["state"] == "FAILED"
    assert f"The device {scene.server.name}" in ended["detail"]
    assert len(scene.silos[0].inbox("stop")) == 1


def test_a_run_that_nobody_approves_ends_with_its_plan(scene: Scene) -> None:
    run = scene.start()
    scene.server.status(run, State.PENDING_APPROVAL)
    scene.bench.sweeper.end_overdue()
    assert scene.get(run)["state"] == "PENDING_APPROVAL"
    with scene.bench.store.write() as tx:
        tx.run(update(tables.runs).values(plan_expires_at=time.time() - 1))
    scene.bench.sweeper.end_overdue()
    ended = scene.get(run)
    assert ended["state"] == "FAILED"
    assert "could not begin within 24 hours. Waiting for approval" in ended["detail"]


def test_s4_late_repeated_foreign_and_wrong_epoch_reports_change_nothing(scene: Scene) -> None:
    run = scene.running()
    silo = scene.silos[0]
    old = StatusMessage(
        sequence=1, edge_id=silo.edge, run_id=run["id"], epoch=1, state=State.PENDING_APPROVAL,
        at=time.time(),
    )  # fmt: skip
    silo.say(silo.topics.status, old)
    silo.status({**run, "epoch": 2}, State.FAILED)
    silo.status({**run, "id": 4711}, State.FAILED)
    as_server = old.model_copy(update={"edge_id": scene.server.edge, "state": State.FAILED,
                                       "sequence": 99})  # fmt: skip
    silo.say(silo.topics.status, as_server)
    now = scene.get(run)
    assert part(now, silo)["state"] == "TRAINING"
    assert part(now, scene.server)["state"] == "RUNNING"
    refused = scene.bench.hub.counters
    assert refused.value("silodesk_refused_total", reason="epoch") == 1
    assert refused.value("silodesk_refused_total", reason="stranger") == 1
    assert refused.value("silodesk_refused_total", reason="sender") == 1
    scene.server.status(run, State.FINISHED)
    scene.server.status(run, State.RUNNING)
    assert scene.get(run)["state"] == "FINISHED"


def test_a_lost_report_does_not_hold_a_run_up(scene: Scene) -> None:
    run = scene.start()
    scene.server.status(run, State.FINISHED, stage=Stage.ENDED)  # everything before it got lost
    assert scene.get(run)["state"] == "FINISHED"


def test_status_is_acknowledged_also_when_repeated(scene: Scene) -> None:
    run = scene.start()
    message = scene.server.status(run, State.INITIALIZING)
    scene.server.say(scene.server.topics.status, message)
    acks = [m.sequences for m, _ in scene.server.inbox("ack") if m.stream == "status"]
    assert acks == [[message.sequence], [message.sequence]]


def test_create_checks_what_a_run_is_made_of(scene: Scene) -> None:
    server, first = scene.server.edge, scene.silos[0].edge
    outside = scene.people[0].bind("not shared").edge
    bad: list[dict[str, Any]] = [
        {"client_edges": [server]}, {"client_edges": [first, first]}, {"client_edges": []},
        {"client_edges": [outside]}, {"quorum": 3}, {"parameters": {"x": 2**70}}, {"rounds": 0},
    ]  # fmt: skip
    base = {"project_id": scene.project, "application_id": scene.application,
            "server_edge": server, "client_edges": [first]}  # fmt: skip
    for change in bad:
        answer = scene.owner.call("POST", "/runs", json={**base, **change})
        assert answer.status_code == 422, change
        assert answer.json()["next_step"]
    assert scene.create()["quorum"] == 2  # a majority, unless the person says otherwise


def test_the_same_idempotency_key_is_the_same_run(scene: Scene) -> None:
    base = {"project_id": scene.project, "application_id": scene.application,
            "server_edge": scene.server.edge, "client_edges": [scene.silos[0].edge]}  # fmt: skip
    headers = {**scene.owner.auth, "Idempotency-Key": "k1"}
    made = [scene.bench.ok("POST", "/runs", headers=headers, json=base)["id"] for _ in range(2)]
    assert made[0] == made[1]
    assert scene.owner.ok("GET", "/runs")["total"] == 1


def test_a_used_key_gives_no_run_to_another_wish_or_to_who_left(scene: Scene) -> None:
    person = scene.join("scientist", "scientist")
    base = {"project_id": scene.project, "application_id": scene.application,
            "server_edge": scene.server.edge, "client_edges": [scene.silos[0].edge]}  # fmt: skip
    headers = {**person.auth, "Idempotency-Key": "k1"}
    made = scene.bench.ok("POST", "/runs", headers=headers, json=base)
    other = {**base, "rounds": 7}
    answer = scene.bench.call("POST", "/runs", headers=headers, json=other)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict.idempotency")
    own = person.ok("POST", "/groups", json={"name": "own"})["id"]
    project = person.ok("POST", "/projects", json={"name": "own", "group_id": own})["id"]
    scene.owner.ok("DELETE", f"/groups/{scene.group}/members/{person.id}")
    for body in (base, {**base, "project_id": project}):
        answer = scene.bench.call("POST", "/runs", headers=headers, json=body)
        assert answer.status_code in {404, 409}
        assert made["name"] not in answer.text


def test_clone_runs_the_same_again(scene: Scene) -> None:
    run = scene.running(parameters={"lr": 0.5})
    copy = scene.owner.ok("POST", f"/runs/{run['id']}/clone")
    assert (copy["state"], copy["epoch"], copy["parameters"]) == ("IDLE", 0, {"lr": 0.5})
    assert [d["edge_id"] for d in copy["devices"]] == [d["edge_id"] for d in run["devices"]]


def test_s11_a_revoked_device_drops_out_of_its_run(scene: Scene) -> None:
    run = scene.running(quorum=1)
    silo = scene.silos[0]
    silo.owner.ok("DELETE", f"/devices/{silo.edge}")
    now = scene.get(run)
    assert (now["state"], part(now, silo)["state"]) == ("RUNNING", "FAILED")
    assert scene.server.inbox("peer")[0][0].edge_id == silo.edge
    silo.status(run, State.FINISHED)
    assert part(scene.get(run), silo)["state"] == "FAILED"
    counters = scene.bench.hub.counters
    assert counters.value("silodesk_refused_total", reason="unknown_device") == 1


def test_runs_are_listed_by_page_and_filter(scene: Scene) -> None:
    made = [scene.create()["id"] for _ in range(5)]
    started = scene.start()["id"]
    first = scene.owner.ok("GET", "/runs", params={"limit": 4})
    second = scene.owner.ok("GET", "/runs", params={"limit": 4, "cursor": first["next_cursor"]})
    found = [run["id"] for run in first["items"] + second["items"]]
    assert found == [started, *reversed(made)]
    assert (first["total"], second["next_cursor"]) == (6, "")
    queued = scene.owner.ok("GET", "/runs", params={"state": "QUEUED"})["items"]
    assert [run["id"] for run in queued] == [started]
    assert scene.owner.call("GET", "/runs", params={"cursor": "x"}).status_code == 422


def test_a_plan_survives_the_wire(scene: Scene) -> None:
    run = scene.create()
    plan = scene.owner.ok("GET", f"/runs/{run['id']}/plan")
    assert RunPlan.model_validate(plan).model_dump(mode="json") == plan

"""Pausing a run at the hub: asked once, in force when the server's job has stopped, resumed."""

from __future__ import annotations

from typing import Any

from helpers.hub_bench import Scene

from agent_core.protocol.messages import PauseOrder, Peer
from agent_core.protocol.states import State


def path(run: dict[str, Any], what: str) -> str:
    return f"/runs/{run['id']}/{what}"


def orders(scene: Scene) -> list[PauseOrder]:
    return [message for message, _ in scene.server.inbox("pause")]


def test_a_pause_is_asked_once_and_shown_when_the_round_has_ended(scene: Scene) -> None:
    run = scene.running()
    asked = scene.owner.ok("POST", path(run, "pause"), json={"reason": "new data"})
    assert (asked["state"], asked["paused_by"]) == ("RUNNING", "ada")
    again = scene.owner.ok("POST", path(run, "pause"))
    assert again["paused_by"] == "ada"
    (order,) = orders(scene)
    assert (order.run_id, order.epoch, order.number, order.on) == (run["id"], 1, 1, True)
    assert (order.by, order.reason) == ("ada", "new data")

    scene.server.status(run, State.PAUSED, detail="Paused by ada: new data.", round=3)
    paused = scene.get(run)
    assert (paused["state"], paused["detail"]) == ("PAUSED", "Paused by ada: new data.")

    resumed = scene.owner.ok("POST", path(run, "resume"))
    assert (resumed["state"], resumed["paused_by"]) == ("PAUSED", "")
    assert [(order.number, order.on) for order in orders(scene)] == [(1, True), (2, False)]
    scene.server.status(run, State.RUNNING, round=3)
    assert scene.get(run)["state"] == "RUNNING"
    texts = [event["text"] for event in scene.owner.ok("GET", path(run, "events"))["items"]]
    assert any(text.startswith("ada pauses the run") for text in texts)
    assert "ada resumes the run." in texts
    assert any(text.startswith("PAUSED") for text in texts)


def test_only_a_running_run_can_be_paused_and_an_ended_one_not_resumed(scene: Scene) -> None:
    run = scene.start()
    assert scene.owner.call("POST", path(run, "pause")).status_code == 409
    assert scene.owner.ok("POST", path(run, "resume"))["state"] == "QUEUED"  # nothing changes
    assert not orders(scene)
    running = scene.running()
    scene.owner.ok("POST", path(running, "pause"))
    scene.owner.ok("POST", path(running, "stop"))
    for machine in [scene.server, *scene.silos]:
        machine.status(running, State.KILLED)
    ended = scene.get(running)
    assert (ended["state"], ended["paused_by"]) == ("KILLED", "")
    assert scene.owner.call("POST", path(running, "resume")).status_code == 409


def test_a_silo_that_pauses_is_told_to_the_server_job_and_to_people(scene: Scene) -> None:
    run = scene.running()
    silo = scene.silos[0]
    reason = "Paused by its house rules until 18:00: it is outside the allowed hours."
    silo.status(run, State.PAUSED, detail=reason, waiting_until=2e9)
    told = scene.get(run)
    part = next(part for part in told["devices"] if part["edge_id"] == silo.edge)
    assert (part["state"], part["detail"], part["waiting_until"]) == ("PAUSED", reason, 2e9)
    assert part["waiting_since"]
    assert told["state"] == "RUNNING"
    assert "is paused by its house rules until 18:00" in told["detail"]
    silo.status(run, State.TRAINING)
    peers = [message for message, _ in scene.server.inbox("peer")]
    assert all(isinstance(peer, Peer) for peer in peers)
    assert [(peer.edge_id, peer.state) for peer in peers] == [
        (silo.edge, State.PAUSED), (silo.edge, State.TRAINING),
    ]  # fmt: skip
    assert peers[0].reason == reason


def test_a_late_report_of_a_paused_silo_changes_nothing(scene: Scene) -> None:
    run = scene.running()
    silo = scene.silos[0]
    silo.status(run, State.PAUSED, sequence=50, detail="Paused.")
    silo.status(run, State.TRAINING, sequence=49)
    part = next(p for p in scene.get(run)["devices"] if p["edge_id"] == silo.edge)
    assert part["state"] == "PAUSED"

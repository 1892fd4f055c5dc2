"""A device keeps its place at the hub it knows, and recognises one that is another."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from helpers.hub_bench import Machine, Scene

from agent_core.protocol.messages import Ack
from agent_core.protocol.records import TelemetryBatch
from agent_core.telemetry.spool import Spool


@pytest.fixture
def run(scene: Scene) -> dict[str, Any]:
    return scene.running()


def spool_at(path: Path) -> Spool:
    """Return a spool in a database of its own, as a new journal brings it."""
    return Spool(sqlite3.connect(path, isolation_level=None))


def fill(spool: Spool, run: dict[str, Any], first: int, count: int) -> None:
    lines = [
        {"run_id": run["id"], "at": 1.0, "level": "INFO", "text": f"line {number}"}
        for number in range(first, first + count)
    ]
    spool.append("logs", lines, 1.0)


def send(machine: Machine, batch: TelemetryBatch) -> dict[str, Any]:
    body = batch.model_dump(mode="json")
    return dict(machine.bench.ok("POST", "/telemetry", headers=machine.auth, json=body))


def push(machine: Machine, spool: Spool, limit: int = 1000) -> int:
    """Hand one batch over as the agent does; return how many records still wait."""
    batch = spool.batch("logs", limit)
    assert batch is not None
    ack = send(machine, batch)
    if ack["highest"] < batch.first_sequence - 1:
        spool.go_back("logs", ack["highest"])
    else:
        spool.acknowledge("logs", ack["highest"])
    return spool.waiting().get("logs", 0)


def texts(scene: Scene, run: dict[str, Any]) -> list[str]:
    items = scene.owner.ok("GET", f"/runs/{run['id']}/logs", params={"limit": 5000})["items"]
    return [item["text"] for item in items]


def test_a_new_database_loses_nothing_to_the_numbers_of_the_former(
    scene: Scene, run: dict[str, Any], tmp_path: Path
) -> None:
    silo = scene.silos[0]
    former = spool_at(tmp_path / "former")
    fill(former, run, 0, 300)
    assert push(silo, former) == 0
    fresh = spool_at(tmp_path / "fresh")
    fill(fresh, run, 300, 1000)
    while push(silo, fresh, 400):
        pass
    assert texts(scene, run) == [f"line {number}" for number in range(1300)]


def test_a_hub_that_was_left_and_met_again_takes_everything(
    scene: Scene, run: dict[str, Any], tmp_path: Path
) -> None:
    silo, spool = scene.silos[0], spool_at(tmp_path / "a")
    fill(spool, run, 0, 50)
    assert push(silo, spool) == 0
    spool.forget()  # bound to another hub, and back
    fill(spool, run, 50, 100)
    assert push(silo, spool) == 0
    assert texts(scene, run) == [f"line {number}" for number in range(150)]


def test_a_lost_answer_repeats_nothing(scene: Scene, run: dict[str, Any], tmp_path: Path) -> None:
    silo, spool = scene.silos[0], spool_at(tmp_path / "a")
    fill(spool, run, 0, 10)
    batch = spool.batch("logs", 100)
    assert batch is not None
    send(silo, batch)
    fill(spool, run, 10, 5)
    assert push(silo, spool) == 0
    assert texts(scene, run) == [f"line {number}" for number in range(15)]


def test_a_hub_that_has_less_than_it_acknowledged_goes_on(
    scene: Scene, run: dict[str, Any], tmp_path: Path
) -> None:
    silo, spool = scene.silos[0], spool_at(tmp_path / "a")
    fill(spool, run, 0, 20)
    push(silo, spool)
    with scene.bench.store.write() as tx:  # what a backup from before would hold
        tx.conn.exec_driver_sql("UPDATE streams SET highest = 8")
    fill(spool, run, 20, 30)
    assert push(silo, spool) == 30
    assert push(silo, spool) == 0
    assert texts(scene, run)[20:] == [f"line {number}" for number in range(20, 50)]


def renew(machine: Machine, token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Device {token}"}
    return dict(machine.bench.ok("POST", "/devices/renew", headers=headers))


def renews(machine: Machine, token: str) -> bool:
    headers = {"Authorization": f"Device {token}"}
    return bool(machine.bench.call("POST", "/devices/renew", headers=headers).status_code == 200)


def opens(machine: Machine, token: str) -> bool:
    """Return whether a token is good, by what every device may ask."""
    headers = {"Authorization": f"Device {token}"}
    body = {"stream": "logs", "first_sequence": 1, "records": []}
    answer = machine.bench.call("POST", "/telemetry", headers=headers, json=body)
    return bool(answer.status_code == 200)


def test_the_hub_tells_who_it_is(scene: Scene) -> None:
    silo = scene.silos[0]
    told = scene.owner.ok("GET", "/hub")["id"]
    assert len(told) == 32
    assert renew(silo, silo.token)["hub"] == told
    silo.beat()
    acks = [m for m, _ in silo.inbox() if isinstance(m, Ack) and m.stream == "active"]
    assert acks[-1].hub == told


def test_a_lost_renewal_does_not_lock_a_device_out(scene: Scene) -> None:
    silo = scene.silos[0]
    old = silo.token
    lost = renew(silo, old)["device_token"]  # the answer does not arrive
    assert not opens(silo, old)  # the former one is good for another renewal only
    renew(silo, old)  # lost once more
    new = renew(silo, old)["device_token"]
    assert not opens(silo, lost)
    assert renews(silo, old)
    assert opens(silo, new) is False  # the renewal before made another one
    newest = renew(silo, old)["device_token"]
    assert opens(silo, newest)
    assert not renews(silo, old)  # the new one was used


def test_a_former_token_ends_with_its_own_time_and_with_a_revocation(scene: Scene) -> None:
    first, second = scene.silos
    renew(first, first.token)
    with scene.bench.store.write() as tx:
        tx.conn.exec_driver_sql("UPDATE devices SET previous_until = 1.0")
    assert not renews(first, first.token)
    renew(second, second.token)
    second.owner.ok("DELETE", f"/devices/{second.edge}")
    assert not renews(second, second.token)

"""The hub knows of a silo's data what its operator shows, and tells it to the chosen groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.hub_bench import Bench, Machine, Person, Scene, sqlite_bench

from agent_core.protocol.states import Stage, State

SHOWN = {"name": "Cohort", "version": "ab" * 32, "rows": 132, "columns": 31}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with sqlite_bench(tmp_path) as made:
        yield made


def told(person: Person, machine: Machine) -> list[dict[str, Any]]:
    """Return what a person sees of a device's datasets."""
    devices = person.ok("GET", "/devices")["items"]
    return next(one["datasets"] for one in devices if one["edge_id"] == machine.edge)


def share(bench: Bench, machine: Machine, *shown: dict[str, Any]) -> None:
    """Let a device's operator show these datasets."""
    bench.ok("PUT", "/devices/datasets", json={"datasets": list(shown)}, headers=machine.auth)


def test_only_the_groups_that_were_chosen_are_told(bench: Bench) -> None:
    scene = Scene(bench)
    machine, other = scene.silos[0], scene.people[1]
    share(bench, machine, {**SHOWN, "groups": None}, {**SHOWN, "name": "Own", "groups": [999]})

    assert [one["name"] for one in told(other, machine)] == ["Cohort"]
    assert [one["name"] for one in told(machine.owner, machine)] == ["Cohort", "Own"]
    topology = other.ok("GET", f"/groups/{scene.group}/topology")
    seen = {one["edge_id"]: one["datasets"] for one in topology["devices"]}
    assert [one["rows"] for one in seen[machine.edge]] == [132]

    share(bench, machine)
    assert told(other, machine) == []


def test_only_a_device_may_say_what_it_shows(bench: Bench) -> None:
    scene = Scene(bench)

    refused = scene.owner.call("PUT", "/devices/datasets", json={"datasets": []})

    assert refused.status_code == 403


def test_a_run_remembers_what_its_silos_gave(bench: Bench) -> None:
    scene = Scene(bench)
    run = scene.start()
    first, second = scene.silos
    first.status(run, State.INITIALIZING, stage=Stage.APPROVED, dataset=SHOWN)
    second.status(run, State.INITIALIZING, stage=Stage.APPROVED, dataset={})

    found = scene.owner.ok("GET", f"/runs/{run['id']}")
    given = {one["edge_id"]: one["dataset"] for one in found["devices"]}

    assert given[first.edge] == SHOWN
    assert given[second.edge] == {"name": "", "version": "", "rows": None, "columns": 0}
    assert given[scene.server.edge] is None

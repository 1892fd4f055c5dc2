"""The registry of models across runs: marks, filters, pages, who sees, who deletes."""

from __future__ import annotations

import hashlib
import itertools
import time
from typing import Any

import pytest
from helpers.hub_bench import Bench, Person, Scene
from sqlalchemy import update

from agent_core.hub import blobs, tables
from agent_core.protocol.states import State


def models(scene: Scene, run: dict[str, Any], values: list[float]) -> None:
    """Store a model for each value of test_accuracy, with an object each."""
    for number, value in enumerate(values, 1):
        content = f"{run['id']}-{number}".encode()
        scene.server.upload(run, content, number, kind="model")
        record = {
            "run_id": run["id"], "round": number, "sha256": "c" * 64, "size": len(content),
            "created_at": 1.0, "metrics": {"test_accuracy": value},
            "sites": [scene.silos[0].edge],
        }  # fmt: skip
        sent = scene.__dict__.setdefault("models_sent", itertools.count(1))
        scene.server.telemetry("models", next(sent), [record])


@pytest.fixture
def scene(bench: Bench) -> Scene:
    return Scene(bench)


def test_models_of_all_runs_are_listed_with_marks(scene: Scene) -> None:
    first, second = scene.running(), scene.running()
    models(scene, first, [0.5, 0.9, 0.8])
    models(scene, second, [0.7])

    page = scene.owner.ok("GET", "/models")
    assert page["total"] == 4
    found = [
        (item["run_id"], item["round"], item["is_newest"], item["is_best"])
        for item in page["items"]
    ]
    assert found == [
        (second["id"], 1, True, True),
        (first["id"], 3, True, False),
        (first["id"], 2, False, True),
        (first["id"], 1, False, False),
    ]
    one = page["items"][1]
    assert one["project_name"]
    assert one["application_name"]
    assert len(one["silos"]) == len(one["sites"]) == 1
    assert one["url"] == ""


def test_pages_and_filters(scene: Scene) -> None:
    first, second = scene.running(name="Nightly 100%"), scene.running()
    models(scene, first, [0.5, 0.9, 0.8])
    models(scene, second, [0.7])
    seen, cursor = [], ""
    while True:
        page = scene.owner.ok("GET", "/models", params={"limit": 2, "cursor": cursor})
        seen += [(item["run_id"], item["round"]) for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == [(second["id"], 1), (first["id"], 3), (first["id"], 2), (first["id"], 1)]

    def count(**wanted: Any) -> int:
        return int(scene.owner.ok("GET", "/models", params=wanted)["total"])

    assert count(run_id=first["id"]) == 3
    assert count(project_id=scene.project, application_id=scene.application) == 4
    assert count(group_id=scene.group + 1000) == 0
    assert count(text="nightly 100%") == 3
    assert count(text="0%1") == 0


def test_the_best_or_the_newest_of_each_run_alone(scene: Scene) -> None:
    first, second = scene.running(name="Nightly"), scene.running()
    models(scene, first, [0.5, 0.9, 0.8])
    models(scene, second, [0.7])

    def marked(**wanted: Any) -> list[tuple[int, int]]:
        page = scene.owner.ok("GET", "/models", params=wanted)
        assert page["total"] == len(page["items"])
        return [(item["run_id"], item["round"]) for item in page["items"]]

    assert marked(mark="best") == [(second["id"], 1), (first["id"], 2)]
    assert marked(mark="newest") == [(second["id"], 1), (first["id"], 3)]
    assert marked(mark="best", text="nightly") == [(first["id"], 2)]
    assert marked(mark="newest", run_id=second["id"]) == [(second["id"], 1)]
    assert marked(mark="best", project_id=scene.project + 1000) == []


def test_the_models_up_to_a_round(scene: Scene) -> None:
    run = scene.running()
    models(scene, run, [0.5, 0.9, 0.8])
    wanted = {"run_id": run["id"], "up_to": 2, "limit": 2}
    page = scene.owner.ok("GET", "/models", params=wanted)
    found = [(item["round"], item["is_newest"], item["is_best"]) for item in page["items"]]
    assert found == [(2, False, True), (1, False, False)]
    assert page["total"] == 2


def test_s5_strangers_see_no_model(scene: Scene, bench: Bench) -> None:
    models(scene, scene.running(), [0.5])
    stranger = Person(bench, "stranger", scene.owner.ok("POST", "/invitations", json={
        "group_id": scene.owner.ok("POST", "/groups", json={"name": "other"})["id"],
    })["link"].split("code=")[1])  # fmt: skip
    assert stranger.ok("GET", "/models")["total"] == 0


def test_the_owner_deletes_models_with_their_objects(scene: Scene, bench: Bench) -> None:
    run = scene.running()
    models(scene, run, [0.5, 0.9, 0.8])
    keys = [key for key in bench.objects.content if key.startswith("models/")]
    assert len(keys) == 3
    path = f"/runs/{run['id']}/models"
    refused = scene.owner.call("DELETE", path, params={"rounds": "2"})
    assert refused.status_code == 409
    for machine in [scene.server, *scene.silos]:
        machine.status(run, State.FINISHED)

    assert scene.people[0].call("DELETE", path, params={"rounds": "2"}).status_code == 403
    answer = scene.owner.ok("DELETE", path, params={"rounds": "1,2,77"})
    assert answer == {"run_id": run["id"], "rounds": [1, 2]}
    left = [key for key in bench.objects.content if key.startswith("models/")]
    assert left == [f"models/{run['id']}/round-3.safetensors"]
    assert [m["round"] for m in scene.owner.ok("GET", path)["items"]] == [3]
    assert scene.owner.call("DELETE", path, params={"rounds": "2"}).status_code == 404
    events = scene.owner.ok("GET", f"/runs/{run['id']}/events")["items"]
    assert any("2 models deleted by" in event["text"] for event in events)


def model_told(scene: Scene, run: dict[str, Any], number: int, content: bytes) -> None:
    """Say that a round's model consists of these bytes; they are at the hub already."""
    sha256 = hashlib.sha256(content).hexdigest()
    body = {"run_id": run["id"], "kind": "model", "round": number, "sha256": sha256,
            "size": len(content)}  # fmt: skip
    put = scene.bench.ok("POST", "/objects", headers=scene.server.auth, json=body)
    assert (put["exists"], put["parts"]) == (True, [])
    record = {"run_id": run["id"], "round": number, "sha256": sha256, "size": len(content),
              "created_at": 1.0, "metrics": {}, "sites": []}  # fmt: skip
    sent = scene.__dict__.setdefault("models_sent", itertools.count(1))
    scene.server.telemetry("models", next(sent), [record])


def test_a_model_that_went_out_as_tensors_is_not_sent_again(scene: Scene, bench: Bench) -> None:
    run = scene.running()
    scene.server.upload(run, b"global", 2)
    model_told(scene, run, 1, b"global")
    model_told(scene, run, 2, b"global")  # a round that changed nothing
    path = f"/runs/{run['id']}/models"
    for number in (1, 2):
        url = scene.owner.ok("GET", f"{path}/{number}")["url"]
        assert bench.objects.content[url.removeprefix("get:")] == b"global"
    with bench.store.write() as tx:
        tx.run(update(tables.runs).values(state="FINISHED", ended_at=time.time() - 3600))
    bench.sweeper.tidy()  # the run's tensors go, what is a model stays
    assert b"global" in bench.objects.content.values()

    scene.owner.ok("DELETE", path, params={"rounds": "1"})
    assert b"global" in bench.objects.content.values()
    scene.owner.ok("DELETE", path, params={"rounds": "2"})
    assert b"global" not in bench.objects.content.values()


def test_tensors_are_looked_for_when_they_are_told_as_a_model(scene: Scene, bench: Bench) -> None:
    """Their message may still be on its way; what is not there whole is sent."""
    run = scene.running()
    sha256 = hashlib.sha256(b"global").hexdigest()
    body = {"run_id": run["id"], "kind": "blob", "round": 1, "sha256": sha256, "size": 6}
    put = bench.ok("POST", "/objects", headers=scene.server.auth, json=body)
    asked = bench.ok("POST", "/objects", headers=scene.server.auth, json={**body, "kind": "model"})
    assert not asked["exists"]
    bench.objects.put(put["parts"][0]["url"], b"global")
    model_told(scene, run, 1, b"global")


def test_what_becomes_a_model_while_tensors_are_tidied_stays(
    scene: Scene, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tensors were passing when they were looked for, and were told as a model just then."""
    run = scene.running()
    scene.server.upload(run, b"global", 1)
    (key,) = [key for key in bench.objects.content if key.startswith("models/")]
    model_told(scene, run, 1, b"global")
    monkeypatch.setattr(blobs, "expired", lambda *_: [key])

    assert blobs.clean(bench.store, bench.objects, 60.0, time.time()) == 0
    url = scene.owner.ok("GET", f"/runs/{run['id']}/models/1")["url"]
    assert bench.objects.content[url.removeprefix("get:")] == b"global"


def test_a_silos_update_is_no_model(scene: Scene, bench: Bench) -> None:
    """Its object goes with the round, whatever the server job says."""
    run = scene.running()
    scene.silos[0].upload(run, b"update", 1)
    body = {"run_id": run["id"], "kind": "model", "round": 1, "size": 6,
            "sha256": hashlib.sha256(b"update").hexdigest()}  # fmt: skip
    assert not bench.ok("POST", "/objects", headers=scene.server.auth, json=body)["exists"]

"""Models on arrival: their bytes are checked, and a round's model stays what it is."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import Any

import httpx
import pytest
from helpers.hub_bench import Machine, Scene
from sqlalchemy import update

from agent_core.errors import UnreachableError
from agent_core.hub import blobs, tables
from agent_core.hub.model_check import ModelChecks
from agent_core.protocol.states import State


@pytest.fixture
def run(scene: Scene) -> dict[str, Any]:
    return scene.running()


def begin(scene: Scene, run: dict[str, Any], content: bytes) -> httpx.Response:
    body = {"run_id": run["id"], "kind": "model", "round": 1, "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest()}  # fmt: skip
    return scene.bench.call("POST", "/objects", headers=scene.server.auth, json=body)


def finish(scene: Scene, machine: Machine, run: dict[str, Any], content: bytes) -> httpx.Response:
    body = {"run_id": run["id"], "sha256": hashlib.sha256(content).hexdigest(),
            "upload_id": f"of:{blobs.model_key(run['id'], 1)}",
            "parts": [{"number": 1, "etag": "x"}]}  # fmt: skip
    return scene.bench.call("POST", "/objects/complete", headers=machine.auth, json=body)


def stored(scene: Scene) -> dict[str, bytes]:
    found = scene.bench.objects.content
    return {key: found[key] for key in found if key.startswith("models/")}


def test_other_bytes_than_announced_are_refused(scene: Scene, run: dict[str, Any]) -> None:
    put = begin(scene, run, b"weights").json()
    assert not put["exists"]
    scene.bench.objects.put(put["parts"][0]["url"], b"garbage")
    answer = finish(scene, scene.server, run, b"weights")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict.sha256")
    assert stored(scene) == {}
    scene.server.upload(run, b"weights", kind="model")
    assert stored(scene) == {blobs.model_key(run["id"], 1): b"weights"}
    assert begin(scene, run, b"weights").json()["exists"]


def test_an_old_address_cannot_change_a_model(scene: Scene, run: dict[str, Any]) -> None:
    put = begin(scene, run, b"weights").json()
    scene.bench.objects.put(put["parts"][0]["url"], b"weights")
    # Only who runs the server job may say that its model is there.
    assert finish(scene, scene.silos[0], run, b"weights").status_code == 404
    assert finish(scene, scene.server, run, b"weights").status_code == 200
    scene.bench.objects.put(put["parts"][0]["url"], b"garbage")
    assert finish(scene, scene.server, run, b"weights").status_code == 200
    assert stored(scene)[blobs.model_key(run["id"], 1)] == b"weights"


@pytest.mark.parametrize("how", ["stored", "told"])
def test_a_rounds_model_is_not_replaced(scene: Scene, run: dict[str, Any], how: str) -> None:
    if how == "stored":
        scene.server.upload(run, b"weights", kind="model")
    else:
        sha256 = hashlib.sha256(b"weights").hexdigest()
        record = {"run_id": run["id"], "round": 1, "sha256": sha256, "size": 7, "created_at": 1.0}
        scene.server.telemetry("models", 1, [record])
    answer = begin(scene, run, b"others")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict.model")
    assert begin(scene, run, b"weights").status_code == 201


def test_models_may_come_late_but_not_for_ever(scene: Scene, run: dict[str, Any]) -> None:
    scene.server.status(run, State.FINISHED)
    put = begin(scene, run, b"weights").json()
    scene.bench.objects.put(put["parts"][0]["url"], b"weights")
    with scene.bench.store.write() as tx:
        tx.run(update(tables.runs).values(ended_at=time.time() - blobs.MODEL_LINGER_S - 60))
    assert begin(scene, run, b"weights").json()["code"] == "conflict.state"
    assert finish(scene, scene.server, run, b"weights").json()["code"] == "conflict.state"
    assert not stored(scene).get(blobs.model_key(run["id"], 1))


def test_a_long_check_goes_on_behind_its_request() -> None:
    checks, may_end, ended = ModelChecks(wait_s=0.01), threading.Event(), threading.Event()

    def check() -> None:
        assert may_end.wait(30)
        ended.set()

    for _ in range(2):  # asked again, it is the same check
        with pytest.raises(UnreachableError):
            checks.run("models/1", check)
    with pytest.raises(UnreachableError):
        checks.refuse_meanwhile("models/1")
    checks.refuse_meanwhile("models/2")
    may_end.set()
    assert ended.wait(30)
    ModelChecks().run("models/1", check)  # a short one ends within its request

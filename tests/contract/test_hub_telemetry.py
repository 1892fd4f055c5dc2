"""Telemetry at the hub: nothing lost, nothing doubled, in order; followed by cursors."""

from __future__ import annotations

import gzip
import json
import math
import threading
import time
from typing import Any

import pytest
from helpers.hub_bench import Machine, Scene

from agent_core.hub.logs import Filter, last_position
from agent_core.protocol.records import LogLine


@pytest.fixture
def run(scene: Scene) -> dict[str, Any]:
    return scene.running()


def line(run: dict[str, Any], text: str, level: str = "INFO", at: float = 1.0) -> dict[str, Any]:
    return {"run_id": run["id"], "at": at, "level": level, "text": text}


def point(run: dict[str, Any], machine: Machine, value: float, **fields: Any) -> dict[str, Any]:
    return {"run_id": run["id"], "edge_id": machine.edge, "key": "loss", "value": value,
            "at": 1.0, **fields}  # fmt: skip


def follow(scene: Scene, run: dict[str, Any], what: str, **params: Any) -> dict[str, Any]:
    return dict(scene.owner.ok("GET", f"/runs/{run['id']}/{what}", params=params))


def test_repeats_are_dropped_and_gaps_are_asked_for(scene: Scene, run: dict[str, Any]) -> None:
    silo = scene.silos[0]
    texts = [line(run, f"line {number}") for number in range(1, 8)]
    assert silo.telemetry("logs", 1, texts[:3])["highest"] == 3
    assert silo.telemetry("logs", 1, texts[:3])["highest"] == 3
    assert silo.telemetry("logs", 6, texts[5:])["highest"] == 3  # 4 and 5 are missing
    assert silo.telemetry("logs", 2, texts[1:5])["highest"] == 5  # overlaps
    assert silo.telemetry("logs", 6, texts[5:])["highest"] == 7
    assert silo.telemetry("metrics", 1, [])["highest"] == 0  # streams count apart
    items = follow(scene, run, "logs")["items"]
    assert [item["text"] for item in items] == [f"line {number}" for number in range(1, 8)]
    assert [item["sequence"] for item in items] == list(range(1, 8))
    assert {item["edge_id"] for item in items} == {silo.edge}


def test_metrics_are_followed_by_cursor(scene: Scene, run: dict[str, Any]) -> None:
    first, second = scene.silos
    first.telemetry("metrics", 1, [point(run, first, 0.9, round=1, step=1)])
    page = follow(scene, run, "metrics")
    assert [item["value"] for item in page["items"]] == [0.9]
    assert follow(scene, run, "metrics", after=page["next_cursor"])["items"] == []
    second.telemetry("metrics", 1, [point(run, second, 0.8, round=1)])
    first.telemetry("metrics", 2, [point(run, first, 0.7, round=2, step=2)])
    news = follow(scene, run, "metrics", after=page["next_cursor"])
    assert [item["value"] for item in news["items"]] == [0.8, 0.7]
    own = follow(scene, run, "metrics", edge_id=first.edge, key="loss")
    assert [(item["value"], item["step"]) for item in own["items"]] == [(0.9, 1), (0.7, 2)]
    assert follow(scene, run, "metrics", key="other")["items"] == []
    part = next(d for d in scene.get(run)["devices"] if d["edge_id"] == first.edge)
    assert part["round"] == 2


def test_paging_through_metrics_meets_each_point_once(scene: Scene, run: dict[str, Any]) -> None:
    silo = scene.silos[0]
    points = [point(run, silo, float(number)) for number in range(25)]
    silo.telemetry("metrics", 1, points)
    cursor, found = "", []
    while page := follow(scene, run, "metrics", after=cursor, limit=10)["items"]:
        found += [item["value"] for item in page]
        cursor = follow(scene, run, "metrics", after=cursor, limit=10)["next_cursor"]
    assert found == [float(number) for number in range(25)]


def test_the_global_curve_is_the_servers(scene: Scene, run: dict[str, Any]) -> None:
    point_0 = {**point(run, scene.server, 0.95), "edge_id": 0, "key": "test_accuracy"}
    scene.silos[0].telemetry("metrics", 1, [{**point_0, "value": 1.0}])
    scene.server.telemetry("metrics", 1, [point_0])
    items = follow(scene, run, "metrics", edge_id=0)["items"]
    assert [item["value"] for item in items] == [0.95]
    assert scene.get(run)["headline"] == {"test_accuracy": 0.95}


def test_a_device_speaks_for_itself_and_in_its_runs_only(scene: Scene, run: dict[str, Any]) -> None:
    first, second = scene.silos
    first.telemetry("metrics", 1, [point(run, second, 0.5)])
    assert [i["edge_id"] for i in follow(scene, run, "metrics")["items"]] == [first.edge]
    outside = scene.people[0].bind("outside")
    answer = outside.telemetry("logs", 1, [line(run, "I am in")])
    assert answer["highest"] == 1  # dropped, and not asked for again
    assert follow(scene, run, "logs")["items"] == []


def test_s6_values_that_are_no_numbers_are_told_not_drawn(
    scene: Scene, run: dict[str, Any]
) -> None:
    silo = scene.silos[0]
    records = [
        point(run, silo, math.nan, round=2), point(run, silo, 0.1), {"key": "no run"},
        point(run, silo, 0.2, step=2**70), {**point(run, silo, 0.3), "key": "a\x00b"},
    ]  # fmt: skip
    raw = json.dumps({"stream": "metrics", "first_sequence": 1, "records": records})
    answer = scene.bench.ok("POST", "/telemetry", headers=silo.auth, content=raw)
    assert answer["highest"] == 5
    assert [item["value"] for item in follow(scene, run, "metrics")["items"]] == [0.1]
    events = follow(scene, run, "events")["items"]
    assert any("loss is nan in round 2" in event["text"] for event in events)


def test_rounds_and_models_are_the_servers_reports(scene: Scene, run: dict[str, Any]) -> None:
    closed = {"run_id": run["id"], "round": 1, "started_at": 1.0, "closed_at": 2.5, "answered": 1,
              "asked": 2, "closed_by": "deadline", "metrics": {"test_accuracy": 0.7},
              "missing": [scene.silos[1].edge]}  # fmt: skip
    model = {"run_id": run["id"], "round": 1, "sha256": "f" * 64, "size": 9, "created_at": 3.0,
             "sites": [scene.silos[0].edge]}  # fmt: skip
    scene.silos[0].telemetry("rounds", 1, [closed])
    scene.server.telemetry("rounds", 1, [closed])
    scene.server.telemetry("models", 1, [model])
    (found,) = follow(scene, run, "rounds")["items"]
    assert (found["round"], found["answered"], found["closed_by"]) == (1, 1, "deadline")
    assert found["missing"] == [scene.silos[1].edge]
    now = scene.get(run)
    assert (now["round"], now["headline"]) == (1, {"test_accuracy": 0.7})
    listed = follow(scene, run, "models")
    assert (listed["total"], listed["items"][0]["url"]) == (1, "")
    one = follow(scene, run, "models/1")
    assert one["url"] == f"get:models/{run['id']}/round-1.safetensors"
    assert scene.owner.call("GET", f"/runs/{run['id']}/models/2").status_code == 404
    events = [event["text"] for event in follow(scene, run, "events")["items"]]
    assert "Round 1 closed: 1 of 2 answered, 1 late." in events


def test_system_figures_keep_their_gaps(scene: Scene, run: dict[str, Any]) -> None:
    sample = {"run_id": run["id"], "edge_id": 0, "at": 1.0, "cpu_percent": 50.0}
    scene.silos[0].telemetry("system", 1, [sample, {**sample, "run_id": 0}])
    (found,) = follow(scene, run, "system")["items"]
    assert found["edge_id"] == scene.silos[0].edge
    assert (found["cpu_percent"], found["gpu_percent"]) == (50.0, None)


def test_logs_are_filtered_and_followed(scene: Scene, run: dict[str, Any]) -> None:
    first, second = scene.silos
    first.telemetry("logs", 1, [line(run, "Epoch 1"), line(run, "Zähler läuft", "WARNING")])
    second.telemetry("logs", 1, [line(run, 'said "EPOCH 2"'), line(run, "boom", "ERROR")])
    texts = lambda **params: [i["text"] for i in follow(scene, run, "logs", **params)["items"]]  # noqa: E731
    assert texts(level="WARNING") == ["Zähler läuft", "boom"]
    assert texts(text="epoch") == ["Epoch 1", 'said "EPOCH 2"']
    assert texts(text='"epoch') == ['said "EPOCH 2"']
    assert texts(text="zähler") == ["Zähler läuft"]
    assert texts(edge_id=second.edge, level="ERROR") == ["boom"]
    page = follow(scene, run, "logs", text="epoch")
    assert follow(scene, run, "logs", text="epoch", after=page["next_cursor"])["items"] == []
    first.telemetry("logs", 3, [line(run, "Epoch 3"), line(run, "other")])
    news = follow(scene, run, "logs", text="epoch", after=page["next_cursor"])
    assert [item["text"] for item in news["items"]] == ["Epoch 3"]


def test_the_end_of_a_log_comes_first_and_can_be_read_backwards(
    scene: Scene, run: dict[str, Any]
) -> None:
    silo = scene.silos[0]
    for start in range(1, 41, 4):
        silo.telemetry("logs", start, [line(run, f"{start + i}") for i in range(4)])
    page = follow(scene, run, "logs", tail=5)
    assert [item["text"] for item in page["items"]] == ["36", "37", "38", "39", "40"]
    assert follow(scene, run, "logs", after=page["next_cursor"])["items"] == []
    older = follow(scene, run, "logs", tail=5, before="36")
    assert [item["text"] for item in older["items"]] == ["31", "32", "33", "34", "35"]
    oldest = follow(scene, run, "logs", tail=50, before=older["next_cursor"])
    assert len(oldest["items"]) == 30
    limited = follow(scene, run, "logs", limit=3)
    assert [item["text"] for item in limited["items"]] == ["1", "2", "3"]
    assert (
        follow(scene, run, "logs", limit=1, after=limited["next_cursor"])["items"][0]["text"] == "4"
    )


def test_a_reader_sees_one_state_while_lines_arrive(scene: Scene, run: dict[str, Any]) -> None:
    silo, logs = scene.silos[0], scene.bench.hub.logs
    silo.telemetry("logs", 1, [line(run, "1")])
    with scene.bench.store.read() as reader:
        found, end = logs.after(reader, run["id"], 0, 10, Filter())
        silo.telemetry("logs", 2, [line(run, "2")])
        assert (len(found), end, last_position(reader, run["id"])) == (1, 1, 1)
        tail = logs.before(reader, run["id"], None, 10, Filter())
        assert [position for position, _ in tail] == [1]
        assert logs.after(reader, run["id"], end, 10, Filter()) == ([], 1)
    with scene.bench.store.read() as reader:
        assert last_position(reader, run["id"]) == 2


def test_a_follower_misses_no_line_while_others_write(scene: Scene, run: dict[str, Any]) -> None:
    hub, store, count = scene.bench.hub, scene.bench.store, 120
    edge = scene.silos[0].edge

    def write() -> None:
        for number in range(count):
            record = LogLine.model_validate({**line(run, str(number)), "edge_id": edge})
            with store.write() as tx:
                hub.logs.append(tx, run["id"], edge, [record])

    seen: list[str] = []
    cursor, until = 0, time.monotonic() + 60
    writer = threading.Thread(target=write)
    writer.start()
    while len(seen) < count and time.monotonic() < until:
        with store.read() as reader:
            # What is filtered by level takes the end from the counter, not from a line.
            found, cursor = hub.logs.after(reader, run["id"], cursor, 1000, Filter("INFO"))
            seen += [item.text for item in found]
    writer.join(60)
    assert seen == [str(number) for number in range(count)]


def test_a_gzip_body_is_read_and_bounded(scene: Scene, run: dict[str, Any]) -> None:
    silo = scene.silos[0]
    headers = {**silo.auth, "Content-Encoding": "gzip"}
    batch = {"stream": "logs", "first_sequence": 1, "records": [line(run, "hello")]}
    raw = gzip.compress(json.dumps(batch).encode())
    assert scene.bench.ok("POST", "/telemetry", headers=headers, content=raw)["highest"] == 1
    bomb = gzip.compress(b" " * (70 * 1024 * 1024))
    answer = scene.bench.call("POST", "/telemetry", headers=headers, content=bomb)
    assert (answer.status_code, answer.json()["code"]) == (413, "limit.body")
    for bad in (raw[:-4], b"junk"):
        assert (
            scene.bench.call("POST", "/telemetry", headers=headers, content=bad).status_code == 400
        )


def test_a_batch_of_another_shape_is_refused_in_words(scene: Scene) -> None:
    silo = scene.silos[0]
    for bad in ({"stream": "secrets", "first_sequence": 1, "records": []},
                {"stream": "logs", "first_sequence": 0, "records": []}, [1]):  # fmt: skip
        answer = scene.bench.call("POST", "/telemetry", headers=silo.auth, json=bad)
        assert (answer.status_code, answer.json()["code"]) == (400, "protocol")

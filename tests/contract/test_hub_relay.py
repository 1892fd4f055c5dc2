"""Round messages from outbox to inbox, and the inbox until it is acknowledged."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import Any

import pytest
from helpers.hub_bench import Scene
from sqlalchemy import update

from agent_core.errors import UnreachableError
from agent_core.hub import blobs, inbox, round_traffic, tables
from agent_core.hub.arrivals import Arrivals
from agent_core.protocol.messages import (
    INLINE,
    BlobRef,
    InboxAck,
    RoundMessage,
    StatusMessage,
    from_hub,
    to_payload,
)
from agent_core.protocol.states import State


@pytest.fixture
def run(scene: Scene) -> dict[str, Any]:
    return scene.running()


def refused(scene: Scene, reason: str) -> float:
    return scene.bench.hub.counters.value("silodesk_refused_total", reason=reason)


def acked(scene: Scene) -> list[int]:
    acks = [m for m, _ in scene.server.inbox("ack") if m.stream == "outbox"]
    return [number for ack in acks for number in ack.sequences]


def test_a_message_goes_to_the_other_devices_inbox(scene: Scene, run: dict[str, Any]) -> None:
    server, silo = scene.server, scene.silos[0]
    server.send(run, silo.edge, "m1", round=2, reply_to="m0")
    ((message, body),) = silo.inbox("round")
    assert isinstance(message, RoundMessage)
    assert body == b"body of m1"
    assert (message.from_edge, message.reply_to, message.round) == (server.edge, "m0", 2)
    assert message.inbox_seq > 0
    assert not scene.silos[1].inbox("round")
    assert len(acked(scene)) == 1


def test_bytes_are_counted_by_round_and_direction_and_repeats_are_not(
    scene: Scene, run: dict[str, Any]
) -> None:
    server, silo = scene.server, scene.silos[0]
    for _ in range(2):
        server.send(run, silo.edge, "m1", round=2)
    silo.send(run, server.edge, "reply1", round=2)
    server.send(run, silo.edge, "m2", round=3)
    with scene.bench.store.read() as reader:
        counted = round_traffic.of_rounds(reader, run["id"], [2, 3])
    assert counted == {2: (len(b"body of reply1"), len(b"body of m1")), 3: (0, len(b"body of m2"))}


def test_s4_a_repeat_is_acknowledged_and_not_forwarded(scene: Scene, run: dict[str, Any]) -> None:
    for _ in range(3):
        scene.server.send(run, scene.silos[0].edge, "m1")
    assert len(scene.silos[0].inbox("round")) == 1
    assert len(acked(scene)) == 3


def test_s4_another_senders_name_is_refused_unacknowledged(
    scene: Scene, run: dict[str, Any]
) -> None:
    scene.server.send(run, scene.silos[0].edge, "m1", from_edge=scene.silos[1].edge)
    assert not scene.silos[0].inbox("round")
    assert not acked(scene)
    assert refused(scene, "sender") == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"epoch": 2}, "epoch"), ({"run_id": 4711}, "stranger"), ({"to_edge": 4711}, "stranger")],
)
def test_s4_wrong_epoch_cross_run_and_strangers_are_refused(
    scene: Scene, run: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    scene.server.send(run, scene.silos[0].edge, "m1", **change)
    assert not scene.silos[0].inbox("round")
    assert refused(scene, reason) == 1
    assert len(acked(scene)) == 1  # it can never be right: the sender need not keep it


def test_s4_a_device_of_another_run_is_a_stranger(scene: Scene) -> None:
    other = scene.start(client_edges=[scene.silos[1].edge])
    scene.silos[0].send(other, scene.server.edge, "m1")
    assert not scene.server.inbox("round")
    assert refused(scene, "stranger") == 1


def test_clients_do_not_write_to_each_other(scene: Scene, run: dict[str, Any]) -> None:
    scene.silos[0].send(run, scene.silos[1].edge, "m1")
    assert not scene.silos[1].inbox("round")
    assert refused(scene, "direction") == 1


def test_nothing_is_forwarded_in_an_ended_run(scene: Scene, run: dict[str, Any]) -> None:
    scene.silos[0].send(run, scene.server.edge, "m1")
    scene.server.status(run, State.FINISHED)
    scene.silos[0].send(run, scene.server.edge, "m2")
    assert len(scene.server.inbox("round")) == 1
    assert refused(scene, "late") == 1
    with scene.bench.store.read() as reader:
        kinds = reader.scalars(tables.inbox.select().with_only_columns(tables.inbox.c.kind))
    assert set(kinds) == {"stop"}


def test_blobs_get_addresses_on_the_way(scene: Scene, run: dict[str, Any]) -> None:
    sha256 = scene.server.upload(run, b"tensor bytes")
    ref = BlobRef(sha256=sha256, size=12)
    for silo in scene.silos:
        scene.server.send(run, silo.edge, f"m{silo.edge}", blobs=[ref], round=1)
        ((message, _),) = silo.inbox("round")
        assert message.blobs[0].url == f"get:models/{run['id']}/{sha256}"
    again = {"run_id": run["id"], "kind": "blob", "round": 2, "sha256": sha256, "size": 12}
    put = scene.bench.ok("POST", "/objects", headers=scene.silos[0].auth, json=again)
    assert put["exists"]  # one upload serves every silo, whoever has the content


def test_a_message_waits_for_its_blob(scene: Scene, run: dict[str, Any]) -> None:
    content = b"late tensor"
    ref = BlobRef(sha256="d" * 64, size=len(content))
    scene.server.send(run, scene.silos[0].edge, "m1", blobs=[ref])
    assert not acked(scene)
    sha256 = scene.server.upload(run, content)
    scene.server.send(run, scene.silos[0].edge, "m1", blobs=[BlobRef(sha256=sha256, size=11)])
    assert len(scene.silos[0].inbox("round")) == 1


def test_a_tensor_is_looked_for_when_a_message_names_it(scene: Scene, run: dict[str, Any]) -> None:
    content = b"a tensor"
    sha256 = hashlib.sha256(content).hexdigest()
    body = {"run_id": run["id"], "kind": "blob", "round": 1, "sha256": sha256, "size": 8}
    put = scene.bench.ok("POST", "/objects", headers=scene.server.auth, json=body)
    assert put["needs_finish"] is False
    ref = BlobRef(sha256=sha256, size=8)
    for garbage in (None, b"another size"):
        if garbage:
            scene.bench.objects.put(put["parts"][0]["url"], garbage)
        scene.server.send(run, scene.silos[0].edge, "m1", blobs=[ref], round=1)
        assert not scene.silos[0].inbox("round")
        assert not acked(scene)
    scene.bench.objects.put(put["parts"][0]["url"], content)
    scene.server.send(run, scene.silos[0].edge, "m1", blobs=[ref], round=1)
    assert len(scene.silos[0].inbox("round")) == 1
    assert scene.bench.ok("POST", "/objects", headers=scene.silos[1].auth, json=body)["exists"]


def test_a_store_that_is_away_makes_a_message_come_again(
    scene: Scene, run: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"a tensor"
    sha256 = hashlib.sha256(content).hexdigest()
    body = {"run_id": run["id"], "kind": "blob", "round": 1, "sha256": sha256, "size": 8}
    put = scene.bench.ok("POST", "/objects", headers=scene.server.auth, json=body)
    scene.bench.objects.put(put["parts"][0]["url"], content)
    ref = BlobRef(sha256=sha256, size=8)

    def away(_key: str) -> int | None:
        raise UnreachableError("The object store does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(scene.bench.listener, "_arrivals", Arrivals(scene.bench.store, away))
        scene.server.send(run, scene.silos[0].edge, "m1", blobs=[ref], round=1)
        assert not acked(scene)
    scene.server.send(run, scene.silos[0].edge, "m1", blobs=[ref], round=1)
    assert acked(scene)
    assert len(scene.silos[0].inbox("round")) == 1


def test_a_store_that_hangs_does_not_hold_the_hubs_ear(scene: Scene, run: dict[str, Any]) -> None:
    body = {"run_id": run["id"], "kind": "blob", "round": 1, "sha256": "a" * 64, "size": 8}
    scene.bench.ok("POST", "/objects", headers=scene.server.auth, json=body)
    may_end = threading.Event()

    def hanging(_key: str) -> int | None:
        assert may_end.wait(60)
        return 8

    message = RoundMessage(
        sequence=1, run_id=run["id"], epoch=1, from_edge=scene.server.edge,
        to_edge=scene.silos[0].edge, message_id="m", blobs=[BlobRef(sha256="a" * 64, size=8)],
    )  # fmt: skip
    found: list[frozenset[str]] = []
    arrivals = Arrivals(scene.bench.store, hanging, bound_s=0.05)
    looking = threading.Thread(target=lambda: found.append(arrivals.look([message])))
    looking.start()
    looking.join(30)
    assert found == [frozenset()]
    may_end.set()


def test_an_upload_that_never_arrived_is_not_complete(scene: Scene, run: dict[str, Any]) -> None:
    body = {"run_id": run["id"], "kind": "blob", "round": 1, "sha256": "e" * 64, "size": 5}
    scene.bench.ok("POST", "/objects", headers=scene.server.auth, json=body)
    done = {"run_id": run["id"], "sha256": "e" * 64}
    answer = scene.bench.call("POST", "/objects/complete", headers=scene.server.auth, json=done)
    assert answer.status_code == 404


def test_models_come_from_the_server_only(scene: Scene, run: dict[str, Any]) -> None:
    body = {"run_id": run["id"], "kind": "model", "round": 1, "sha256": "e" * 64, "size": 5}
    silo = scene.bench.call("POST", "/objects", headers=scene.silos[0].auth, json=body)
    assert silo.status_code == 404
    scene.server.upload(run, b"weights", 2, kind="model")
    assert f"models/{run['id']}/round-2.safetensors" in scene.bench.objects.content


def test_blobs_go_two_rounds_after_their_last_use(scene: Scene, run: dict[str, Any]) -> None:
    keys = [scene.server.upload(run, bytes([number]), number) for number in (1, 2, 3)]
    records = [
        {"run_id": run["id"], "round": number, "started_at": 1, "closed_at": 2, "answered": 2,
         "asked": 2} for number in (1, 2, 3)
    ]  # fmt: skip
    scene.server.telemetry("rounds", 1, records)
    scene.bench.sweeper.tidy()
    left = {key.rpartition("/")[2] for key in scene.bench.objects.content if "models/" in key}
    assert left == set(keys[1:])


def test_many_blobs_go_in_one_go(scene: Scene, run: dict[str, Any]) -> None:
    names = [f"{number:064x}" for number in range(blobs.BATCH * 2 + 10)]
    for name in names:
        scene.bench.objects.content[f"runs/{run['id']}/1/{name}"] = b"x"
    with scene.bench.store.write() as tx:
        rows = [
            {"key": f"runs/{run['id']}/1/{name}", "run_id": run["id"], "sha256": name, "size": 1,
             "kind": "blob", "complete": True, "last_round": 1} for name in names
        ]  # fmt: skip
        tx.run(tables.blobs.insert(), rows)
        tx.run(update(tables.runs).values(blobs_left=True, state="FINISHED", ended_at=1.0))
    scene.bench.sweeper.tidy()
    assert not any(key.startswith("runs/") for key in scene.bench.objects.content)


def test_an_ended_runs_blobs_go_and_its_models_stay(scene: Scene, run: dict[str, Any]) -> None:
    scene.silos[0].upload(run, b"tensor", 3)
    scene.server.upload(run, b"global", 3)
    scene.bench.objects.content[f"models/{run['id']}/{'d' * 64}"] = b"left by a crash"
    scene.server.upload(run, b"weights", 3, kind="model")
    scene.server.status(run, State.FINISHED)
    scene.bench.sweeper.tidy()
    assert any("runs/" in key for key in scene.bench.objects.content)  # a slow silo may still read
    with scene.bench.store.write() as tx:
        tx.run(update(tables.runs).values(ended_at=time.time() - 3600))
    scene.bench.sweeper._cleaned_at = 0.0
    scene.bench.sweeper.tidy()
    assert not any("runs/" in key for key in scene.bench.objects.content)
    models = [key for key in scene.bench.objects.content if key.startswith("models/")]
    assert models == [blobs.model_key(run["id"], 3)]


def test_the_inbox_keeps_everything_until_it_is_acknowledged(scene: Scene) -> None:
    run = scene.start()
    silo = scene.silos[0]
    ((order, _),) = silo.inbox("start")
    scene.bench.published.clear()
    silo.beat(resync=True)
    assert [m.inbox_seq for m, _ in silo.inbox("start")] == [order.inbox_seq]
    silo.say(silo.topics.outbox, InboxAck(inbox_seqs=[order.inbox_seq]))
    scene.bench.published.clear()
    silo.beat(resync=True)
    assert not silo.inbox("start")
    assert scene.get(run)["state"] == "QUEUED"


def test_the_inbox_is_sent_again_to_present_devices_only(scene: Scene) -> None:
    scene.start()
    here, away = scene.silos
    here.beat()
    with scene.bench.store.write() as tx:
        tx.run(update(tables.inbox).values(sent_at=time.time() - 6))
    scene.bench.published.clear()
    scene.bench.sweeper.resend()
    assert len(here.inbox("start")) == 1
    assert not away.inbox("start")
    scene.bench.published.clear()
    scene.bench.sweeper.resend()
    assert not here.inbox("start")  # just sent


def test_one_devices_backlog_does_not_hold_up_the_others(scene: Scene) -> None:
    run = scene.running()
    busy, other = scene.silos
    assert busy.edge < other.edge
    for number in range(3 * inbox.RESEND_BATCH):
        scene.server.send(run, busy.edge, f"m{number}")
    scene.server.send(run, other.edge, "alone")
    now, table = time.time(), tables.inbox
    with scene.bench.store.write() as tx:  # sent often, the last time a minute ago
        tx.run(update(table).values(sent_at=now - 60, attempts=6))
        tx.run(update(table).where(table.c.edge_id == other.edge).values(attempts=1))
    with scene.bench.store.read() as reader:
        assert [edge for edge, _ in inbox.overdue(reader, now)] == [other.edge]
        later = inbox.overdue(reader, now + 9)  # nobody beats meanwhile; all are still present
        assert [edge for edge, _ in later] == [other.edge]
    with scene.bench.store.write() as tx:
        tx.run(update(table).values(sent_at=now - 3600))
    with scene.bench.store.read() as reader:
        due = inbox.overdue(reader, now)
    assert [edge for edge, _ in due].count(busy.edge) == inbox.RESEND_EACH
    assert other.edge in [edge for edge, _ in due]
    assert due == sorted(due)


@pytest.mark.parametrize("how", ["resync", "sweep"])
def test_what_goes_again_has_fresh_addresses(scene: Scene, run: dict[str, Any], how: str) -> None:
    silo, store = scene.silos[0], scene.bench.objects
    sha256 = scene.server.upload(run, b"tensor bytes")
    inside = BlobRef(sha256="a" * 64, size=3, url=INLINE)
    scene.server.send(run, silo.edge, "m1", blobs=[BlobRef(sha256=sha256, size=12)], round=1)
    scene.server.send(run, silo.edge, "m2", blobs=[inside], round=1)
    scene.bench.published.clear()
    store.signed = "?of-now"  # the address sent first has run out by now
    if how == "resync":
        silo.beat(resync=True)
    else:
        with scene.bench.store.write() as tx:
            tx.run(update(tables.inbox).values(sent_at=time.time() - 6))
        scene.bench.sweeper.resend()
    (first, body), (second, _) = silo.inbox("round")
    assert isinstance(first, RoundMessage)
    assert isinstance(second, RoundMessage)
    assert first.blobs[0].url == f"get:models/{run['id']}/{sha256}?of-now"
    assert (first.message_id, first.inbox_seq > 0, body) == ("m1", True, b"body of m1")
    assert second.blobs == [inside]


def test_heartbeats_are_acknowledged_and_show_presence(scene: Scene) -> None:
    silo = scene.silos[0]
    assert presence(scene, silo.edge) == ("offline", "OFFLINE")
    silo.beat()
    ((ack, _),) = silo.inbox("ack")
    assert (ack.stream, ack.hub_time > 0) == ("active", True)
    assert presence(scene, silo.edge) == ("online", "IDLE")
    for age, expected in ((20, "silent"), (120, "offline")):
        with scene.bench.store.write() as tx:
            tx.run(update(tables.devices).values(last_seen=time.time() - age))
        assert presence(scene, silo.edge)[0] == expected


def presence(scene: Scene, edge: int) -> tuple[str, str]:
    devices = scene.owner.ok("GET", "/devices")["items"]
    return next((d["presence"], d["state"]) for d in devices if d["edge_id"] == edge)


def test_one_bad_message_does_not_spoil_its_batch(scene: Scene, run: dict[str, Any]) -> None:
    silo = scene.silos[0]
    good = StatusMessage(
        sequence=50, edge_id=silo.edge, run_id=run["id"], epoch=1, state=State.TRAINING, round=3,
        at=time.time(),
    )  # fmt: skip
    odd = good.model_copy(update={"detail": "a\x00b"})
    huge = good.model_copy(update={"bytes_up": 2**80})
    far = good.model_copy(update={"run_id": 2**60})
    topic = silo.topics.status
    payloads = [to_payload(message) for message in (odd, huge, far, good)]
    scene.bench.listener.handle([(topic, raw) for raw in [b"junk", b"", *payloads]])
    now = scene.get(run)
    assert next(d["round"] for d in now["devices"] if d["edge_id"] == silo.edge) == 3
    assert refused(scene, "malformed") == 5


def test_a_started_hub_asks_every_device_for_what_it_may_have_missed(scene: Scene) -> None:
    scene.silos[0].owner.ok("DELETE", f"/devices/{scene.silos[0].edge}")
    greeted = {item.topic: item.payload for item in scene.bench.listener.greeting()}
    assert set(greeted) == {scene.server.topics.inbox, scene.silos[1].topics.inbox}
    assert {from_hub(payload)[0].kind for payload in greeted.values()} == {"hello"}

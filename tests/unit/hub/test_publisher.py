"""Messages go out in the order of commits; notices are throttled and never forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.hub_bench import Bench, Scene, sqlite_bench

from agent_core.hub.publisher import Publisher
from agent_core.hub.store import Notice
from agent_core.protocol.messages import Changed, from_hub
from agent_core.protocol.topics import ui_topic


class Line:
    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.takes = True

    def publish(self, topic: str, payload: bytes, qos: int = 1) -> bool:
        self.sent.append((topic, payload))
        return self.takes

    def changes(self, account: int) -> list[Changed]:
        mine = [from_hub(raw)[0] for topic, raw in self.sent if topic == ui_topic(account)]
        return [message for message in mine if isinstance(message, Changed)]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with sqlite_bench(tmp_path) as bench:
        yield Scene(bench, silos=1)


async def until(is_so: object, bound_s: float = 10.0) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + bound_s
    while not is_so():  # type: ignore[operator]
        assert loop.time() < deadline
        await asyncio.sleep(0.005)


def test_a_burst_of_changes_becomes_a_first_and_a_last_notice(scene: Scene) -> None:
    line = Line()

    async def play() -> None:
        bench: Bench = scene.bench
        publisher = Publisher(bench.store, bench.hub.counters)
        publisher.attach(asyncio.get_running_loop(), line)
        task = asyncio.create_task(publisher.tell_changes())
        notice = Notice("run", 7, group_id=scene.group)
        publisher.hand_over([], [notice])
        await until(lambda: len(line.changes(scene.owner.id)) == 1)
        for _ in range(50):
            publisher.hand_over([], [notice])
        publisher.hand_over([], [Notice("device", 1, account_id=scene.people[0].id)])
        await until(lambda: len(line.changes(scene.owner.id)) == 2)
        await until(lambda: len(line.changes(scene.people[0].id)) == 3)
        task.cancel()

    asyncio.run(play())
    mine = line.changes(scene.owner.id)
    assert [(change.what, change.id) for change in mine] == [("run", 7), ("run", 7)]
    assert mine[0].change < mine[1].change
    assert {c.what for c in line.changes(scene.people[0].id)} == {"run", "device"}


def test_writing_publishes_after_the_commit_and_not_after_a_rollback(scene: Scene) -> None:
    line = Line()

    async def play() -> None:
        store = scene.bench.store
        Publisher(store, scene.bench.hub.counters).attach(asyncio.get_running_loop(), line)
        with store.write() as tx:
            tx.send("a", b"1")
            assert not line.sent
        with pytest.raises(RuntimeError), store.write() as tx:
            tx.send("b", b"2")
            raise RuntimeError
        await asyncio.sleep(0)
        line.takes = False
        with store.write() as tx:
            tx.send("c", b"3")
        await asyncio.sleep(0)

    asyncio.run(play())
    assert line.sent == [("a", b"1"), ("c", b"3")]
    assert scene.bench.hub.counters.value("silodesk_publish_full_total") == 1

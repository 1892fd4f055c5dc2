"""Results and events cross threads whole, merged, and only to those who wait for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QObject, QThread, QTimer, Signal

from agent_core.errors import UnreachableError
from app.bridge.events import Events
from app.bridge.tasks import Tasks, sentence_of


class Client:
    def call(self, method: str, **params: Any) -> Any:
        if method == "fails":
            raise UnreachableError("Nobody answers.", next_step="Start it.", code="unreachable.x")
        return {"method": method, **params}


@pytest.fixture
def shown() -> list[Exception]:
    return []


@pytest.fixture
def tasks(qapp: Any, shown: list[Exception]) -> Iterator[Tasks]:
    made = Tasks(Client(), shown.append)
    yield made
    made.close()


def test_work_runs_off_the_gui_thread_and_its_result_arrives_on_it(tasks: Tasks, qtbot) -> None:
    got: list[tuple[Any, Any]] = []
    tasks.run(QThread.currentThread, lambda where: got.append((where, QThread.currentThread())))
    qtbot.waitUntil(lambda: bool(got), timeout=5000)
    worked, arrived = got[0]
    assert arrived is QThread.currentThread()
    assert worked is not arrived


def test_each_result_has_a_turn_of_the_event_loop_for_itself(tasks: Tasks, qtbot) -> None:
    turns, got = [0], list[int]()

    def count() -> None:
        turns[0] += 1

    clock = QTimer(interval=0)
    clock.timeout.connect(count)
    for _ in range(3):
        tasks.run(lambda: None, lambda _: got.append(turns[0]))
    deadline = time.monotonic() + 5
    while tasks.is_busy and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)  # the last one is emitted just after it was done
    QCoreApplication.sendPostedEvents()
    assert not got  # not in the turn in which they arrive
    clock.start()
    qtbot.waitUntil(lambda: len(got) == 3, timeout=5000)
    assert len(set(got)) == 3


def test_an_error_is_shown_unless_someone_takes_it(tasks: Tasks, shown, qtbot) -> None:
    taken: list[Exception] = []
    tasks.call("fails", failure=taken.append)
    tasks.call("fails")
    qtbot.waitUntil(lambda: bool(taken) and bool(shown), timeout=5000)
    title, text = sentence_of(shown[0])
    assert title == "Nobody answers."
    assert "Start it." in text
    assert "unreachable.x" in text


def test_nothing_follows_for_a_cancelled_task_or_a_destroyed_parent(tasks: Tasks, qtbot) -> None:
    gate, got, parent = threading.Event(), [], QObject()
    tasks.run(lambda: gate.wait(5), lambda _: got.append("orphan"), parent=parent)
    tasks.run(lambda: gate.wait(5), lambda _: got.append("cancelled")).cancel()
    shiboken6.delete(parent)
    gate.set()
    tasks.run(lambda: None, lambda _: got.append("last"))
    qtbot.waitUntil(lambda: "last" in got, timeout=5000)
    qtbot.wait(50)
    assert got == ["last"]


def test_an_unexpected_error_of_work_does_not_end_the_window(tasks: Tasks, shown, qtbot) -> None:
    tasks.run(lambda: 1 / 0)
    qtbot.waitUntil(lambda: bool(shown), timeout=5000)
    assert "ZeroDivisionError" in sentence_of(shown[0])[1]


# --- events ---
class Stream:
    def close(self) -> None:
        pass


@pytest.fixture
def feed(qapp: Any) -> Iterator[tuple[Events, Callable[[str, dict[str, Any]], None]]]:
    events = Events(lambda callback: Stream())
    events.start()
    yield events, events.feed
    events.close()


def test_of_many_states_of_one_thing_only_the_newest_arrives(feed, qtbot) -> None:
    events, give = feed
    jobs: list[dict[str, Any]] = []
    changes: list[tuple[Any, ...]] = []
    events.job.connect(jobs.append)
    events.changed.connect(lambda *change: changes.append(change))
    for n in range(500):
        give("job", {"job_id": "a", "round": n})
        give("job", {"job_id": "b", "round": n})
        give("changed", {"what": "run", "id": 7, "change": 1_795_578_834_170 + n})
    qtbot.waitUntil(lambda: len(jobs) >= 2 and bool(changes), timeout=5000)
    assert sorted(job["job_id"] for job in jobs[-2:]) == ["a", "b"]
    assert all(job["round"] == 499 for job in jobs[-2:])
    assert len(jobs) < 100
    assert changes[-1] == ("run", 7, 1_795_578_834_669)


def test_different_things_do_not_replace_each_other(feed, qtbot) -> None:
    events, give = feed
    seen: list[tuple[Any, ...]] = []
    events.approval.connect(lambda *what: seen.append(what))
    give("approval", {"id": 1, "state": "pending"})
    give("approval", {"id": 2, "state": "pending"})
    give("approval", {"id": 1, "state": "approved"})
    qtbot.waitUntil(lambda: len(seen) == 3, timeout=5000)
    assert seen == [(1, "pending"), (2, "pending"), (1, "approved")]


def test_connected_is_told_once_for_each_change(feed, qtbot) -> None:
    events, give = feed
    told: list[bool] = []
    events.connected.connect(told.append)
    statuses: list[dict[str, Any]] = []
    events.status.connect(statuses.append)
    give("connected", {"connected": True})
    give("status", {"n": 1})
    qtbot.waitUntil(lambda: bool(statuses), timeout=5000)
    give("connected", {"connected": False})
    qtbot.waitUntil(lambda: told == [True, False], timeout=5000)


def test_events_from_many_threads_all_arrive(feed, qtbot) -> None:
    events, give = feed
    seen: set[int] = set()
    events.progress.connect(lambda one: seen.add(one["task"]))

    def work(start: int) -> None:
        for n in range(start, start + 500):
            give("progress", {"task": n})

    threads = [threading.Thread(target=work, args=(n * 500,)) for n in range(4)]
    for thread in threads:
        thread.start()
    qtbot.waitUntil(lambda: len(seen) == 2000, timeout=10_000)
    for thread in threads:
        thread.join(5)


class Emitter(QObject):
    fired = Signal(object)


def test_200_000_signals_to_a_python_slot_leave_the_process_alive(qapp: Any) -> None:
    """A binding that loses a reference at each emission aborts long before this ends."""
    emitter, count = Emitter(), [0]

    def slot(_: object) -> None:
        count[0] += 1

    emitter.fired.connect(slot)
    for _ in range(200_000):
        emitter.fired.emit(None)
    assert count[0] == 200_000


def resident() -> int:
    return psutil.Process().memory_info().rss


@pytest.mark.timeout(240)
def test_200_000_events_through_the_bridge_arrive_and_leave_no_memory(feed, qtbot) -> None:
    """Each has its own name, so that none is merged; a thread feeds while the loop drains."""
    events, give = feed
    seen = [0]

    def count(_: dict[str, Any]) -> None:
        seen[0] += 1

    events.progress.connect(count)
    ahead = threading.Semaphore(20_000)  # fewer than the bridge holds, so that nothing falls away

    def free(_: dict[str, Any]) -> None:
        ahead.release()

    events.progress.connect(free)

    def work(first: int, last: int) -> None:
        for number in range(first, last):
            if not ahead.acquire(timeout=60):
                return
            give("progress", {"task": f"upload {number}", "text": "x" * 50, "done": number})

    def run(first: int, last: int) -> None:
        thread = threading.Thread(target=work, args=(first, last))
        thread.start()
        qtbot.waitUntil(lambda: seen[0] == last, timeout=100_000)
        thread.join(10)

    run(0, 40_000)  # the allocator's pools fill first
    before = resident()
    run(40_000, 200_000)
    assert seen[0] == 200_000
    assert resident() - before < 30_000_000  # an event that stayed would come to some 100 MB


def test_work_that_outlives_the_window_is_known(tasks: Tasks, qtbot) -> None:
    gate = threading.Event()
    tasks.run(lambda: gate.wait(10))
    tasks.close()
    assert tasks.is_busy
    gate.set()
    qtbot.waitUntil(lambda: not tasks.is_busy, timeout=5000)

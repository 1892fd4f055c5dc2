"""The gate before a round: closed by the agent, passed once per round, opened again, stopped."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from agent_core.worker import channel
from agent_core.worker.gate import RoundGate
from agent_core.worker.stop import JobStopped, StopSwitch

BOUND_S = 20.0


class Heard:
    """A reporter that remembers progress and says when there is some."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.changed = threading.Condition()

    def send(self, kind: str, fields: dict[str, Any]) -> None:
        assert kind == channel.PROGRESS
        with self.changed:
            self.frames.append(fields)
            self.changed.notify_all()

    def until(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.frames) >= count, BOUND_S)


@pytest.fixture
def switch(monkeypatch: pytest.MonkeyPatch) -> StopSwitch:
    monkeypatch.setattr("agent_core.worker.stop.interrupt_main", lambda: None)
    return StopSwitch()


def begin(gate: RoundGate, heard: Heard, number: int, raised: list[BaseException]) -> Any:
    """Enter a round in a thread of its own."""

    def run() -> None:
        try:
            gate.enter(number, 9, heard)  # type: ignore[arg-type]
        except JobStopped as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_an_open_gate_says_nothing(switch: StopSwitch) -> None:
    heard = Heard()
    assert RoundGate(switch).enter(1, 9, heard) == 0.0  # type: ignore[arg-type]
    assert heard.frames == []


def test_a_round_that_began_goes_on_and_the_next_one_waits(switch: StopSwitch) -> None:
    gate, heard, raised = RoundGate(switch), Heard(), []
    gate.enter(1, 9, heard)  # type: ignore[arg-type]
    gate.turn(True, "Paused by Elif.")
    gate.enter(1, 9, heard)  # type: ignore[arg-type]
    assert heard.frames == []
    # The legacy API begins a round in a thread for each silo.
    threads = [begin(gate, heard, 2, raised) for _ in range(3)]
    heard.until(3)
    assert {(one["paused"], one["round"], one["detail"]) for one in heard.frames} == {
        (True, 1, "Paused by Elif."),
    }  # fmt: skip
    gate.turn(False, "")
    for thread in threads:
        thread.join(BOUND_S)
    assert [one["paused"] for one in heard.frames[3:]] == [False]
    assert raised == []


def test_a_stop_ends_the_wait(switch: StopSwitch) -> None:
    gate, heard, raised = RoundGate(switch), Heard(), []
    gate.turn(True, "Paused.")
    thread = begin(gate, heard, 1, raised)
    heard.until(1)
    switch.turn("enough")
    thread.join(BOUND_S)
    assert [type(error) for error in raised] == [JobStopped]
    assert len(heard.frames) == 1
